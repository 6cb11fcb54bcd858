import type { PricesEvent, StatusEvent, StoredSymbol } from './model/contract.ts';
import { Decimals } from './model/decimals.ts';
import { grouped, perSecond, price, unknown } from './model/format.ts';
import { type Quotes, withPrices } from './model/market.ts';
import { beginPace, paceAt, withCount } from './model/pace.ts';
import {
  barCalendar,
  feedProblem,
  noPlatform,
  overallTone,
  type Platform,
  summary,
  unheard,
  vwapWindow,
  withStatus,
} from './model/platform.ts';
import { fetchCandleRoute, fetchSymbols } from './view/api.ts';
import { showConnection } from './view/connection.ts';
import { Details } from './view/details.ts';
import { byId, setAttribute, setText } from './view/dom.ts';
import { showFigures } from './view/figures.ts';
import { PipelineView } from './view/pipeline.ts';
import { PriceCard } from './view/price-card.ts';
import { ReplayPanel } from './view/replay.ts';
import { type Connection, openStream } from './view/stream.ts';
import { SymbolList } from './view/symbols.ts';
import { startTheme } from './view/theme.ts';
import { every, now } from './view/time.ts';
import { TradesTable } from './view/trades.ts';

/** Interval at which the stored symbols are polled, ms. */
const storedEveryMs = 5000;

let quotes: Quotes = new Map();
let stored: readonly StoredSymbol[] = [];
let platform = noPlatform;
let chosen: string | undefined = new URLSearchParams(location.search).get('symbol') ?? undefined;
let connection: Connection = 'connecting';
/** The server's clock at the last event, Unix ms; undefined while there is no connection. */
let at: number | undefined;
/** How far the server's clock is ahead of this browser's, ms. */
let ahead = 0;
/** The rate of all trades since the page began to listen. */
let pace = beginPace(0);

const serverNow = () => now() + ahead;
const decimals = new Decimals();
const details = new Details();
const pipeline = new PipelineView((topology, node) => details.open({ topology, node }, shownPlatform().topologies));
const card = new PriceCard(decimals, serverNow);
const replay = new ReplayPanel();
const trades = new TradesTable(decimals, serverNow);
const symbols = new SymbolList(decimals, choose);

/** Without a connection, the last known state counts as unknown. */
function shownPlatform(): Platform {
  return connection === 'lost' || connection === 'paused' ? unheard(platform) : platform;
}

function heardAt(time: number): void {
  at = time;
  ahead = time - now();
}

function choose(symbol: string): void {
  chosen = symbol;
  const url = new URL(location.href);
  url.searchParams.set('symbol', symbol);
  history.replaceState(null, '', url);
  card.choose(symbol);
  card.take(quotes, [symbol]);
  trades.choose(symbol);
  showMarket();
  showTitle();
}

function takePrices(event: PricesEvent): void {
  heardAt(event.at);
  const count = event.symbols.reduce((sum, line) => sum + line.trades, 0);
  pace = event.full ? beginPace(event.at) : withCount(pace, count, event.at);
  quotes = withPrices(quotes, event, pace.since);
  for (const line of event.symbols) decimals.see(line.symbol, line.price);
  card.take(
    quotes,
    event.symbols.map(({ symbol }) => symbol),
  );
  chooseFirst();
  showMarket();
}

function takeStatus(event: StatusEvent): void {
  heardAt(event.at);
  replay.show(event.replay);
  platform = withStatus(platform, event);
  card.setWindow(vwapWindow(platform));
  card.setCalendar(barCalendar(platform));
  showAll();
}

function showAll(): void {
  const shown = shownPlatform();
  pipeline.show(shown);
  details.show(shown.topologies);
  showOverview();
  showMarket();
  showTitle();
}

function takeConnection(next: Connection): void {
  if (next === connection && next !== 'connecting') return;
  const isBack = next === 'live' && connection !== 'connecting';
  connection = next;
  showConnection(next);
  if (next === 'lost' || next === 'paused') {
    at = undefined;
    showAll();
  }
  if (!isBack) return;
  card.reload();
  trades.refresh();
  void readStored();
}

function chooseFirst(): void {
  if (chosen !== undefined) return;
  const first = [...stored.map(({ symbol }) => symbol), ...quotes.keys()].sort()[0];
  if (first !== undefined) choose(first);
}

function showMarket(): void {
  symbols.show(stored, quotes, { chosen, at, problem: feedProblem(shownPlatform()) });
  card.showQuote(quotes, at);
}

const toneSigns = { bad: '▲ ', wait: '◐ ', good: '' } as const;

function showOverview(): void {
  const shown = shownPlatform();
  const tone = overallTone(shown);
  setText(byId('summary'), `${tone === 'bad' ? toneSigns.bad : ''}${summary(shown)}`);
  setAttribute(byId('summary'), 'data-tone', tone === 'bad' ? 'bad' : undefined);
  setText(byId('name'), platform.pipeline);
  showFigures(byId('figures'), [
    ['trades', perSecond(at === undefined ? undefined : paceAt(pace, at))],
    ['stored', grouped(stored.reduce((sum, { trade_count }) => sum + trade_count, 0))],
    ['symbols', grouped(new Set([...stored.map(({ symbol }) => symbol), ...quotes.keys()]).size)],
    ['processes', shown.isHeard ? grouped(platform.processes) : unknown],
  ]);
}

/** The tab's title: overall state and price of the chosen symbol, `▲ AAPL 196.38 · name`. Updated once a second. */
function showTitle(): void {
  const quote = chosen === undefined || at === undefined ? undefined : quotes.get(chosen);
  const sign = connection === 'paused' ? '○ ' : toneSigns[overallTone(shownPlatform())];
  const cost = quote ? `${quote.symbol} ${price(quote.price, decimals.of(quote.symbol))} · ` : '';
  document.title = `${sign}${cost}${platform.pipeline || 'fdp'}`;
}

async function readStored(): Promise<void> {
  try {
    stored = await fetchSymbols();
  } catch {
    // The connection shows the error, and the last counts stay.
    return;
  }
  chooseFirst();
  showMarket();
  showOverview();
}

startTheme(() => card.applyTheme());
void fetchCandleRoute()
  .catch(() => undefined)
  .then((route) => card.start(route));
if (chosen !== undefined) choose(chosen);
showConnection(connection);
openStream({ onPrices: takePrices, onStatus: takeStatus, onConnection: takeConnection });
void readStored();
every(storedEveryMs, () => void readStored());
