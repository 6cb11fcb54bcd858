import type { SourceRange } from '../read/source.ts';
import { asMap, type MapTree } from '../read/tree.ts';
import type { OperatorSpec, RouteSpec } from '../spec.ts';
import { readOperators } from './operators.ts';
import type { User } from './uses.ts';

/** The operator that ends a route. */
const replyType = 'reply';
const routePattern = /^GET (\/\S*)$/;
const segmentPattern = /^([A-Za-z0-9._~%!$&'()*+,;=:@-]*|\{[A-Za-z_][A-Za-z0-9_]*\})$/;

/** Reads `routes`: `GET /path/{parameter}` to a list of operators that ends in `reply`. */
export function readRoutes(map: MapTree, user: User): readonly RouteSpec[] {
  const routes: RouteSpec[] = [];
  const seen = new Map<string, string>();
  for (const [route, { key, value }] of asMap(map.entries.get('routes')?.value)?.entries ?? []) {
    checkRoute(route, { key, seen }, user);
    const operators = readOperators(value, { subject: route, owner: key, inRoute: true }, user.context);
    checkReply(route, { operators, key }, user);
    routes.push({ route, range: key, operators });
  }
  return routes;
}

/** The parameters in a route's path, in order. */
export function routeParameters(route: string): string[] {
  return [...route.matchAll(/\{([A-Za-z_][A-Za-z0-9_]*)\}/g)].map((match) => match[1] ?? '');
}

function checkRoute(
  route: string,
  { key, seen }: { readonly key: SourceRange; readonly seen: Map<string, string> },
  { subject, context: { problems } }: User,
): void {
  const path = routePattern.exec(route)?.[1];
  if (path === undefined || !path.split('/').every((segment) => segmentPattern.test(segment))) {
    problems.add(key, `"${route}" is not a route`, { subject, hint: 'expected GET /path or GET /path/{parameter}' });
    return;
  }
  const parameters = routeParameters(route);
  if (new Set(parameters).size < parameters.length)
    problems.add(key, `"${route}" has two parameters with the same name`, { subject });
  const normal = path.replace(/\{[^}]*\}/g, '{}').replace(/(.)\/$/, '$1');
  const twin = seen.get(normal);
  if (twin) problems.add(key, `"${route}" is the same route as "${twin}"`, { subject });
  else seen.set(normal, route);
}

function checkReply(
  route: string,
  { operators, key }: { readonly operators: readonly OperatorSpec[]; readonly key: SourceRange },
  { context: { problems, operators: known } }: User,
): void {
  if (!known.has(replyType)) return;
  const last = operators.at(-1);
  const early = operators.find((operator) => operator.type === replyType && operator !== last);
  if (early) problems.add(early.range, 'must be the last operator of a route', { subject: replyType });
  else if (last?.type !== replyType && !operators.some(({ declaration }) => !declaration))
    problems.add(key, `must end in "${replyType}"`, { subject: route, hint: '- reply: { as: data }' });
  const streaming = operators.find((operator) => operator !== last && streams(operator));
  if (streaming && last?.valid && !streams(last))
    problems.add(streaming.range, `passes rows on in portions, which "${last.type}" does not take`, {
      subject: streaming.type,
      hint: '- reply: { file: NAME }',
    });
}

function streams({ declaration, options, valid }: OperatorSpec): boolean {
  return valid && (declaration?.streams?.(options) ?? false);
}
