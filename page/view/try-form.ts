import { milliseconds } from '../model/format.ts';
import { type Route, urlOf } from '../model/openapi.ts';
import { html, setAttribute, setText } from './dom.ts';
import { after, now } from './time.ts';

/** Maximum number of characters shown of a response. */
const mostLetters = 20_000;
/** How long a stream is read, ms. */
const listenMs = 2500;

/** A form that sends a request of this route, and shows the response. */
export function tryForm(route: Route, index: number): HTMLElement {
  const sent = route.parameters.filter((parameter) => parameter.in === 'path' || parameter.in === 'query');
  const inputs = sent.map(({ name, example, isRequired }) => {
    const id = `try-${index}-${name}`;
    // Optional parameters begin empty, with the example as placeholder.
    const begin = isRequired ? { value: example, required: true } : { placeholder: example };
    const input = html('input', { id, name, ...begin, autocomplete: 'off', spellcheck: 'false' });
    return html('div', { class: 'field' }, html('label', { for: id }, name), input);
  });
  const send = html('button', { type: 'submit' }, 'Try it');
  const state = html('p', { role: 'status', class: 'muted' });
  const output = html('pre', { class: 'output', tabindex: 0, 'aria-label': 'What came back', hidden: true });
  const form = html('form', { class: 'try' }, ...inputs, send);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const values = new Map([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
    void ask(urlOf(route, values), { route, state, output });
  });
  return html('div', {}, form, state, output);
}

interface Parts {
  readonly route: Route;
  readonly state: HTMLElement;
  readonly output: HTMLElement;
}

async function ask(url: string, { route, state, output }: Parts): Promise<void> {
  setText(state, `${route.method} ${url} …`);
  const start = now();
  const listening = new AbortController();
  const cancel = route.isStream ? after(listenMs, () => listening.abort()) : () => {};
  try {
    const response = await fetch(url, { method: route.method, signal: listening.signal });
    const isLong = route.isStream || response.headers.has('Content-Disposition');
    const body = isLong && response.ok ? await readSome(response) : readable(await response.text());
    setText(state, `${route.method} ${url}: ${response.status} ${response.statusText}, ${milliseconds(now() - start)}`);
    setAttribute(state, 'data-tone', response.ok ? 'good' : 'bad');
    output.hidden = false;
    setText(
      output,
      body.length > mostLetters ? `${body.slice(0, mostLetters)}\n… (${body.length} letters in all)` : body,
    );
  } catch {
    setText(state, `${route.method} ${url}: nobody answers. Is "fdp --topology api" running?`);
    setAttribute(state, 'data-tone', 'bad');
  } finally {
    cancel();
  }
}

/** What a stream sends until it is aborted. */
async function readSome(response: Response): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  try {
    for (;;) {
      const part = await reader?.read();
      if (!part || part.done || text.length > mostLetters) break;
      text += part.value;
    }
    await reader?.cancel();
  } catch {
    // The stream was aborted after `listenMs`.
  }
  return text;
}

function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
