import { suggestion } from '../../src/kit/names.ts';
import type { RouteDescription } from '../../src/kit/request.ts';
import { foreignText } from '../../src/kit/text.ts';
import { badRequest, type Refusal } from './answer.ts';
import { queryOf, rawQuery } from './route.ts';

/** The query parameters of each route. */
export class QueryParameters {
  readonly #names: ReadonlyMap<string, readonly string[]>;

  constructor(routes: readonly RouteDescription[]) {
    this.#names = new Map(
      routes.map(({ route, parameters }) => [
        route,
        parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name),
      ]),
    );
  }

  /**
   * The reply to a request whose query has a parameter that its route does not know; otherwise undefined.
   * @throws FDP_PARAMETER_INVALID for bad percent-encoding
   */
  refusal(url: string, route: string): Refusal | undefined {
    const known = this.#names.get(route) ?? [];
    for (const name of queryOf(rawQuery(url)).keys()) {
      if (known.includes(name)) continue;
      const text = `unknown parameter "${foreignText(name, 80)}": ${suggestion(name, known, 'parameters here')}`;
      return badRequest(400, text);
    }
    return undefined;
  }
}
