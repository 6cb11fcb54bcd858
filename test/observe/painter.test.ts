import { describe, expect, it } from 'vitest';
import { createPainter } from '../../src/observe/painter.ts';
import { showStatus } from '../../src/observe/status.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { FakeTerminal } from '../support/cli/terminal.ts';
import { processSnapshot, topologySnapshot } from '../support/engine/snapshots.ts';

describe('painter', () => {
  it('refreshes its lines in place', () => {
    const terminal = new FakeTerminal();
    const painter = createPainter(terminal, {});
    painter.paint(['● a 1', '● b 1']);
    painter.paint(['● a 2', '● b 2']);
    painter.paint(['● a 3']);
    expect(terminal.lines).toEqual(['● a 3']);
  });

  it('keeps log lines above them, in order', () => {
    const terminal = new FakeTerminal();
    const painter = createPainter(terminal, {});
    painter.write('first\n');
    painter.paint(['● a 1', '● b 1']);
    painter.write('second\n');
    painter.write('third\nfourth');
    painter.paint(['● a 2', '● b 2']);
    expect(terminal.lines).toEqual(['first', 'second', 'third', 'fourth', '● a 2', '● b 2']);
  });

  it('makes each change in one write', () => {
    const terminal = new FakeTerminal();
    const painter = createPainter(terminal, {});
    painter.paint(['● a']);
    painter.write('line\n');
    painter.paint(['● b']);
    expect(terminal.writes).toHaveLength(3);
  });

  it('cuts lines to the width, and leaves out lines that do not fit below a log line', () => {
    const terminal = new FakeTerminal({ columns: 10, rows: 5 });
    const painter = createPainter(terminal, {});
    painter.paint(['● 0123456789', '● b', '● c', '● d', '● e']);
    painter.paint(['● 0123456789', '● b', '● c', '● d', '● e']);
    expect(terminal.lines).toEqual(['● 012345…', '● b', '… 3 more']);
  });

  it('erases what a narrower terminal broke in two, and no log line', () => {
    const terminal = new FakeTerminal({ columns: 20 });
    const painter = createPainter(terminal, {});
    terminal.write('before\n');
    painter.paint(['● 0123456789']);
    const narrow = new FakeTerminal({ columns: 8 });
    terminal.columns = 8;
    narrow.write(`before\n${'● 0123456789'}\n`);
    painter.write('log\n');
    painter.paint(['● x']);
    for (const text of terminal.writes.slice(2)) narrow.write(text);
    expect(narrow.lines).toEqual(['before', 'log', '● x']);
  });

  it('hides the cursor while it paints, and gives it back once at the end', () => {
    const terminal = new FakeTerminal();
    const painter = createPainter(terminal, {});
    expect(terminal.isCursorShown).toBe(true);
    painter.paint(['● a']);
    expect(terminal.isCursorShown).toBe(false);
    painter.end();
    painter.end();
    expect(terminal.isCursorShown).toBe(true);
    expect(terminal.writes).toHaveLength(2);
  });

  it('leaves its last lines, and only passes on from then on', () => {
    const terminal = new FakeTerminal();
    const painter = createPainter(terminal, {});
    painter.paint(['● a']);
    painter.end();
    painter.paint(['● b']);
    painter.write('bye\n');
    expect(terminal.lines).toEqual(['● a', 'bye']);
    expect(terminal.isCursorShown).toBe(true);
  });

  it('colours the mark, unless NO_COLOR is set', () => {
    const coloured = new FakeTerminal();
    createPainter(coloured, {}).paint(['● a', '▲ b', '○ c']);
    expect(coloured.writes.join('')).toContain(
      '\u001b[32m●\u001b[0m a\n\u001b[31m▲\u001b[0m b\n\u001b[33m○\u001b[0m c',
    );
    const plain = new FakeTerminal();
    createPainter(plain, { NO_COLOR: '1' }).paint(['● a']);
    expect(plain.writes.join('')).toContain('● a\n');
  });

  it('paints nothing where there is no terminal, and passes log lines on untouched', () => {
    for (const [terminal, environment] of [
      [new FakeTerminal({ isTTY: false }), {}],
      [new FakeTerminal(), { TERM: 'dumb' }],
    ] as const) {
      const painter = createPainter(terminal, environment);
      painter.paint(['● a']);
      painter.write('{"msg":"x"}\n');
      painter.end();
      expect(painter.isActive).toBe(false);
      expect(terminal.writes).toEqual(['{"msg":"x"}\n']);
    }
  });
});

describe('status of a process', () => {
  function setUp(terminal: FakeTerminal) {
    const clock = new VirtualClock();
    const painter = createPainter(terminal, {});
    const snapshot = () =>
      processSnapshot(clock.monotonic(), [topologySnapshot('a', { read: Math.floor(clock.monotonic() / 20) })]);
    return { clock, stop: showStatus({ painter, clock, snapshot }) };
  }

  it('is refreshed twice a second with the rate of the last two seconds', async () => {
    const terminal = new FakeTerminal();
    const { clock, stop } = setUp(terminal);
    expect(terminal.lines).toEqual(['● a  running  0.0 msg/s  0 in flight  0 rejected']);
    await clock.advance(5000);
    expect(terminal.writes).toHaveLength(11);
    expect(terminal.lines).toEqual(['● a  running  50.0 msg/s  0 in flight  0 rejected']);
    stop();
  });

  it('stops with one last update, and no timer left', async () => {
    const terminal = new FakeTerminal();
    const { clock, stop } = setUp(terminal);
    stop();
    const writes = terminal.writes.length;
    await clock.advance(5000);
    expect(terminal.writes).toHaveLength(writes);
  });

  it('is not looked at where there is no terminal', async () => {
    const terminal = new FakeTerminal({ isTTY: false });
    const { clock, stop } = setUp(terminal);
    await clock.advance(5000);
    stop();
    expect(terminal.writes).toEqual([]);
  });
});
