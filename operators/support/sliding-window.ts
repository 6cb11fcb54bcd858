import type { Aggregate, Item } from './aggregate.ts';

/** Items of a block, at most. */
const blockSize = 256;

/** Neighbouring items, and what they are together. */
interface Block {
  times: Float64Array;
  /** An aggregate for each item. */
  items: Float64Array;
  /** The first item that is still in the window. Not 0 in the first block only. */
  start: number;
  end: number;
  /** All of its items; not kept in the first block of the front. */
  readonly own: Float64Array;
  /** This block and all behind it in the front. */
  readonly through: Float64Array;
}

/**
 * The aggregate of items in order of their times, of which the first are removed and late ones come in between.
 *
 * Nothing is subtracted. The items lie in blocks, and the blocks in two parts: a back that grows, with one running
 * aggregate, and a front that shrinks, where each block knows the aggregate from itself to the front's end, and each item
 * of the first block the one to the block's end. When the front is used up the back becomes the front. So an item in
 * order costs a few joins, however many there are; one that is late costs a pass over its block, and one join for every
 * 256 items on its side of the window.
 */
export class SlidingWindow {
  readonly #aggregate: Aggregate;
  /** The front, then the back. */
  readonly #blocks: Block[] = [];
  /** Blocks of the front. */
  #front = 0;
  /** Of the first block of the front: from each item to the block's end. */
  #rests = new Float64Array(0);
  readonly #back: Float64Array;
  #size = 0;
  #spare: Block | undefined;

  constructor(aggregate: Aggregate) {
    this.#aggregate = aggregate;
    this.#back = new Float64Array(aggregate.size);
  }

  get size(): number {
    return this.#size;
  }

  /** The time of the first item; undefined when there is none. */
  get firstTime(): number | undefined {
    const [first] = this.#blocks;
    return first?.times[first.start];
  }

  /** Adds an item, behind all that are not later. */
  add(item: Item): void {
    const last = this.#blocks.at(-1);
    this.#size++;
    if (last === undefined || item.time >= (last.times[last.end - 1] as number)) this.#append(item);
    else this.#insert(item);
  }

  /** Removes the first item. */
  removeFirst(): void {
    if (this.#size === 0) return;
    const first = this.#firstOfFront();
    this.#size--;
    first.start++;
    if (first.start < first.end) return;
    this.#blocks.shift();
    this.#front--;
    this.#spare = first;
    if (this.#front > 0) this.#openFirst();
  }

  /** Puts the aggregate of all items, or of all but the first, into `target`; false when there is none. */
  total(target: Float64Array, withoutFirst = false): boolean {
    if (this.#size <= (withoutFirst ? 1 : 0)) return false;
    const { size, join } = this.#aggregate;
    if (withoutFirst) this.#firstOfFront();
    let isEmpty = true;
    const take = (source: Float64Array, at: number) => {
      if (isEmpty) for (let index = 0; index < size; index++) target[index] = source[at + index] as number;
      else join(target, 0, target, 0, source, at);
      isEmpty = false;
    };
    if (this.#front > 0) {
      const first = this.#blocks[0] as Block;
      const start = first.start + (withoutFirst ? 1 : 0);
      if (start < first.end) take(this.#rests, start * size);
      if (this.#front > 1) take((this.#blocks[1] as Block).through, 0);
    }
    if (this.#blocks.length > this.#front) take(this.#back, 0);
    return true;
  }

  /** The first block; the back becomes the front when that is used up. */
  #firstOfFront(): Block {
    if (this.#front === 0) {
      this.#front = this.#blocks.length;
      this.#joinThrough(this.#front - 1);
      this.#openFirst();
    }
    return this.#blocks[0] as Block;
  }

  #append(item: Item): void {
    const { put, join, size } = this.#aggregate;
    let block = this.#blocks.length > this.#front ? this.#blocks.at(-1) : undefined;
    const isFirst = block === undefined;
    if (block === undefined || block.end === blockSize) {
      block = this.#newBlock();
      this.#blocks.push(block);
    }
    if (block.end === block.times.length) this.#grow(block);
    const at = block.end * size;
    block.times[block.end++] = item.time;
    put(block.items, at, item);
    if (block.end === 1) block.own.set(block.items.subarray(at, at + size));
    else join(block.own, 0, block.own, 0, block.items, at);
    if (isFirst) this.#back.set(block.own);
    else join(this.#back, 0, this.#back, 0, block.items, at);
  }

  #insert(item: Item): void {
    const { put, size, isCommutative, join } = this.#aggregate;
    const blockIndex = this.#blockFor(item.time);
    const block = this.#makeRoom(blockIndex, item.time);
    const index = this.#blocks.indexOf(block, blockIndex);
    let at = block.start;
    while (at < block.end && (block.times[at] as number) <= item.time) at++;
    block.times.copyWithin(at + 1, at, block.end);
    block.items.copyWithin((at + 1) * size, at * size, block.end * size);
    block.end++;
    block.times[at] = item.time;
    put(block.items, at * size, item);
    this.#joinOwn(block);
    if (index >= this.#front) {
      if (isCommutative) join(this.#back, 0, this.#back, 0, block.items, at * size);
      else this.#joinBack();
      return;
    }
    // A block that was split leaves a new one behind it.
    this.#joinThrough(Math.min(index + 1, this.#front - 1));
    if (blockIndex === 0) this.#openFirst();
  }

  /** The last block that begins no later; the first one when all begin later. */
  #blockFor(time: number): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const block = this.#blocks[middle] as Block;
      if ((block.times[block.start] as number) <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The block at that index with room for an item more, or its second half when it had to be split. */
  #makeRoom(index: number, time: number): Block {
    const { size } = this.#aggregate;
    const block = this.#blocks[index] as Block;
    if (block.start > 0) {
      block.times.copyWithin(0, block.start, block.end);
      block.items.copyWithin(0, block.start * size, block.end * size);
      block.end -= block.start;
      block.start = 0;
    }
    if (block.end < block.times.length) return block;
    if (block.end < blockSize) {
      this.#grow(block);
      return block;
    }
    const second = this.#newBlock();
    const half = block.end >> 1;
    while (second.times.length < blockSize) this.#grow(second);
    second.times.set(block.times.subarray(half, block.end));
    second.items.set(block.items.subarray(half * size, block.end * size));
    second.end = block.end - half;
    block.end = half;
    this.#blocks.splice(index + 1, 0, second);
    if (index < this.#front) this.#front++;
    this.#joinOwn(block);
    this.#joinOwn(second);
    return (second.times[0] as number) <= time ? second : block;
  }

  #joinOwn({ items, end, own }: Block): void {
    const { join, size } = this.#aggregate;
    own.set(items.subarray(0, size));
    for (let at = 1; at < end; at++) join(own, 0, own, 0, items, at * size);
  }

  #joinBack(): void {
    const blocks = this.#blocks;
    this.#back.set((blocks[this.#front] as Block).own);
    for (let index = this.#front + 1; index < blocks.length; index++)
      this.#aggregate.join(this.#back, 0, this.#back, 0, (blocks[index] as Block).own, 0);
  }

  /** From this block of the front to its second. */
  #joinThrough(from: number): void {
    for (let index = from; index > 0; index--) {
      const { own, through } = this.#blocks[index] as Block;
      if (index === this.#front - 1) through.set(own);
      else this.#aggregate.join(through, 0, own, 0, (this.#blocks[index + 1] as Block).through, 0);
    }
  }

  /** From each item of the first block to the block's end. */
  #openFirst(): void {
    const { join, size } = this.#aggregate;
    const { items, start, end } = this.#blocks[0] as Block;
    if (this.#rests.length < items.length) this.#rests = new Float64Array(items.length);
    const rests = this.#rests;
    rests.set(items.subarray((end - 1) * size, end * size), (end - 1) * size);
    for (let at = (end - 2) * size; at >= start * size; at -= size) join(rests, at, items, at, rests, at + size);
  }

  #newBlock(): Block {
    const { size } = this.#aggregate;
    const block = this.#spare;
    this.#spare = undefined;
    if (block === undefined)
      return {
        ...{ times: new Float64Array(8), items: new Float64Array(8 * size), start: 0, end: 0 },
        ...{ own: new Float64Array(size), through: new Float64Array(size) },
      };
    block.start = 0;
    block.end = 0;
    return block;
  }

  #grow(block: Block): void {
    const { times, items } = block;
    block.times = new Float64Array(2 * times.length);
    block.items = new Float64Array(2 * items.length);
    block.times.set(times);
    block.items.set(items);
  }
}
