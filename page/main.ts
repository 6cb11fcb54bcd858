import type { PricesEvent, StatusEvent, StoredSymbol } from './model/contract.ts';
import { grouped, perSecond } from './model/format.ts';
import { type Quotes, rateAt, withPrices } from './model/market.ts';
import { noPlatform, summary, withStatus } from './model/platform.ts';
import { fetchSymbols } from './view/api.ts';
import { showConnection } from './view/connection.ts';
import { Details } from './view/details.ts';
import { byId, setAttribute, setText } from './view/dom.ts';
import { showFigures } from './view/figures.ts';
import { PipelineView } from './view/pipeline.ts';
import { PriceCard } from './view/price-card.ts';
import { type Connection, openStream } from './view/stream.ts';
import { SymbolList } from './view/symbols.ts';
import { startTheme } from './view/theme.ts';
import { every } from './view/time.ts';
import { TradesTable } from './view/trades.ts';

/** Time between two looks at what is stored, ms. */
const storedEveryMs = 5000;

let quotes: Quotes = new Map();
let stored: readonly StoredSymbol[] = [];
let platform = noPlatform;
let chosen: string | undefined = new URLSearchParams(location.search).get('symbol') ?? undefined;
let connection: Connection = 'connecting';
/** The server's clock at the last event, Unix ms. */
let at = 0;

const details = new Details();
const pipeline = new PipelineView((topology, node) => details.open({ topology, node }, platform.topologies));
const card = new PriceCard();
const trades = new TradesTable();
const symbols = new SymbolList(choose);

function choose(symbol: string): void {
  chosen = symbol;
  const url = new URL(location.href);
  url.searchParams.set('symbol', symbol);
  history.replaceState(null, '', url);
  card.choose(symbol);
  trades.choose(symbol);
  showMarket();
}

function takePrices(event: PricesEvent): void {
  at = event.at;
  quotes = withPrices(quotes, event);
  card.take(
    quotes,
    event.symbols.map(({ symbol }) => symbol),
  );
  chooseFirst();
  showMarket();
}

function takeStatus(event: StatusEvent): void {
  at = event.at;
  platform = withStatus(platform, event);
  pipeline.show(platform);
  details.show(platform.topologies);
  showOverview();
  showMarket();
}

function takeConnection(now: Connection): void {
  if (now === connection && now !== 'connecting') return;
  const isBack = now === 'live' && connection !== 'connecting';
  connection = now;
  showConnection(now);
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
  symbols.show(stored, quotes, { chosen, at });
  card.showQuote(quotes, at);
}

function showOverview(): void {
  const heard = [...quotes.values()].reduce((sum, quote) => sum + rateAt(quote, at), 0);
  const isBad = platform.topologies.some(({ tone }) => tone === 'bad');
  setText(byId('summary'), `${isBad ? '▲ ' : ''}${summary(platform)}`);
  setAttribute(byId('summary'), 'data-tone', isBad ? 'bad' : undefined);
  setText(byId('name'), platform.pipeline);
  document.title = `${isBad ? '▲ ' : ''}${platform.pipeline || 'fdp'}`;
  showFigures(byId('figures'), [
    ['trades', perSecond(heard)],
    ['stored', grouped(stored.reduce((sum, { trade_count }) => sum + trade_count, 0))],
    ['symbols', grouped(new Set([...stored.map(({ symbol }) => symbol), ...quotes.keys()]).size)],
    ['processes', grouped(platform.processes)],
  ]);
}

async function readStored(): Promise<void> {
  try {
    stored = await fetchSymbols();
  } catch {
    // The connection says it, and the last counts stay.
    return;
  }
  chooseFirst();
  showMarket();
  showOverview();
}

startTheme(() => card.applyTheme());
void card.start();
if (chosen !== undefined) choose(chosen);
showConnection(connection);
openStream({ onPrices: takePrices, onStatus: takeStatus, onConnection: takeConnection });
void readStored();
every(storedEveryMs, () => void readStored());
