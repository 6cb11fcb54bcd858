/** A terminal in memory: what is visible after everything that was written. */
export class FakeTerminal {
  readonly isTTY: boolean;
  columns: number;
  rows: number;
  /** Everything written, one item per write. */
  readonly writes: string[] = [];
  isCursorShown = true;
  readonly #screen: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor({ isTTY = true, columns = 60, rows = 20 } = {}) {
    this.isTTY = isTTY;
    this.columns = columns;
    this.rows = rows;
  }

  /** All lines, including those scrolled away, without empty ones at the end. */
  get lines(): string[] {
    return this.#screen
      .map((line) => line.join('').trimEnd())
      .filter((line, row, all) => line !== '' || row < all.length - 1);
  }

  write(text: string): void {
    this.writes.push(text);
    for (const [part] of text.matchAll(/\p{Cc}\[[?\d;]*[A-Za-z]|./gsu)) {
      if (part.length > 1 && part.startsWith('\u001b')) this.#control(part);
      else if (part === '\n') this.#moveTo(this.#row + 1, 0);
      else if (part === '\r') this.#moveTo(this.#row, 0);
      else this.#put(part);
    }
  }

  #put(character: string): void {
    if (this.#column >= this.columns) this.#moveTo(this.#row + 1, 0);
    const line = this.#screen[this.#row] ?? [];
    while (line.length < this.#column) line.push(' ');
    line[this.#column++] = character;
  }

  #moveTo(row: number, column: number): void {
    while (this.#screen.length <= row) this.#screen.push([]);
    this.#row = row;
    this.#column = column;
  }

  #control(code: string): void {
    const count = Number(/\d+/.exec(code)?.[0] ?? 1);
    if (code === '\u001b[?25l') this.isCursorShown = false;
    else if (code === '\u001b[?25h') this.isCursorShown = true;
    else if (code.endsWith('A')) this.#moveTo(Math.max(0, this.#row - count), this.#column);
    else if (code === '\u001b[0J') {
      this.#screen.length = this.#row + 1;
      this.#screen[this.#row]?.splice(this.#column);
    } else if (!code.endsWith('m')) throw new Error(`this terminal does not know ${JSON.stringify(code)}`);
  }
}
