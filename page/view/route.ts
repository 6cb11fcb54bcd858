import type { Answer, Parameter, Route } from '../model/openapi.ts';
import { html, withCode } from './dom.ts';
import { tryForm } from './try-form.ts';

/** One route: description, parameters, responses, and a form to try it. */
export function routeCard(route: Route, index: number): HTMLElement {
  const id = `route-${index}`;
  const name = html(
    'h2',
    { id },
    html('span', { class: 'method' }, route.method),
    ' ',
    html('span', { class: 'path' }, route.path),
  );
  return html(
    'article',
    { class: 'card route', 'aria-labelledby': id },
    name,
    isTelling(route.summary, route) ? withCode(html('p', { class: 'route-summary' }), route.summary) : undefined,
    isTelling(route.description, route) ? withCode(html('p', { class: 'muted' }), route.description) : undefined,
    route.parameters.length > 0 ? parameterList(route.parameters) : undefined,
    tryForm(route, index),
    answerList(route.answers),
  );
}

function parameterList(parameters: readonly Parameter[]): HTMLElement {
  return html(
    'dl',
    { class: 'parameters' },
    ...parameters.flatMap((parameter) => [
      html(
        'dt',
        {},
        html('code', {}, parameter.name),
        ` in ${parameter.in}${parameter.isRequired ? ', required' : ''}`,
      ),
      html('dd', {}, [parameter.form, parameter.description].filter((part) => part !== '').join(': ')),
    ]),
  );
}

/** True if the description has more information than the name of the route. */
function isTelling(text: string, { method, path }: Route): boolean {
  return text !== '' && text !== `${method} ${path}`;
}

function answerList(answers: readonly Answer[]): HTMLElement {
  const errors = answers.filter(({ status }) => Number(status) >= 400);
  const others = answers.filter((answer) => !errors.includes(answer));
  return html(
    'div',
    { class: 'answers' },
    html('h3', {}, 'Answers'),
    ...others.map(answerItem),
    errors.length === 0
      ? undefined
      : html(
          'details',
          {},
          html('summary', {}, html('strong', {}, errors.map(({ status }) => status).join(', ')), ' errors'),
          html('div', { class: 'answers errors' }, ...errors.map(answerItem)),
        ),
  );
}

function answerItem({ status, description, example }: Answer): HTMLElement {
  const head = [html('strong', {}, status), ' ', withCode(html('span'), description)];
  if (example === undefined) return html('p', {}, ...head);
  const text = html('pre', { tabindex: 0, 'aria-label': `Example of ${status}` }, example);
  return html('details', {}, html('summary', {}, ...head), text);
}
