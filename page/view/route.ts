import type { Answer, Parameter, Route } from '../model/openapi.ts';
import { html } from './dom.ts';
import { tryForm } from './try-form.ts';

/** One route: what it is, its parameters and answers, and a form to try it. */
export function routeCard(route: Route, place: number): HTMLElement {
  const id = `route-${place}`;
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
    route.summary ? html('p', { class: 'route-summary' }, route.summary) : undefined,
    route.description && route.description !== route.summary
      ? html('p', { class: 'muted' }, route.description)
      : undefined,
    route.parameters.length > 0 ? parameterList(route.parameters) : undefined,
    tryForm(route, place),
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

function answerList(answers: readonly Answer[]): HTMLElement {
  return html(
    'div',
    { class: 'answers' },
    html('h3', {}, 'Answers'),
    ...answers.map(({ status, description, example }) => {
      const head = [html('strong', {}, status), ` ${description}`];
      if (example === undefined) return html('p', {}, ...head);
      return html(
        'details',
        {},
        html('summary', {}, ...head),
        html('pre', { tabindex: 0, 'aria-label': `Example of ${status}` }, example),
      );
    }),
  );
}
