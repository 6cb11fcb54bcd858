import { defineOperator, type FieldType, type Report } from '../src/kit/declaration.ts';
import { derive } from '../src/kit/message.ts';
import { perMessage } from '../src/kit/operator.ts';
import type { RouteParameter } from '../src/kit/request.ts';
import { type Fields, fieldsOf } from '../src/kit/row.ts';
import { templateMetaNames } from '../src/kit/template.ts';
import { fieldOf } from './support/fields.ts';
import { routeShape } from './support/names.ts';
import {
  defaultOf,
  expectation,
  isGiven,
  type ParameterRule,
  parameterSchema,
  readParameter,
  rulesOf,
  takes,
} from './support/parameters.ts';

/**
 * `params`: reads the parameters of a request as typed values. Those of the path that it does not name stay text; a
 * wrong one gets a reply with 400 (FDP_PARAMETER_INVALID), as unknown query parameters get from the source.
 */
export const params = defineOperator({
  type: 'params',
  summary:
    'Reads the parameters of a request. An invalid one, or one that no `params` of the route declares, gets 400.',
  routesOnly: true,
  options: {
    type: 'object',
    minProperties: 1,
    description: 'The parameters by name. One that is not given and has no default is left out.',
    additionalProperties: {
      type: 'object',
      description: 'Type and limits of the parameter.',
      additionalProperties: false,
      required: ['type'],
      properties: {
        type: {
          enum: ['integer', 'number', 'string', 'boolean', 'time', 'cursor'],
          description:
            'Type. A time is RFC 3339, a date, Unix ms, or a duration before now such as `-15m`, and becomes Unix ms. A cursor is Unix ms, or `MS_ID` as in the `next` link of a page.',
        },
        default: {
          type: ['string', 'number', 'boolean'],
          description: 'Value if the request does not give one. Default: the parameter is left out.',
        },
        minimum: { type: 'number', description: 'Minimum of an integer or number. Default: no limit.' },
        maximum: { type: 'number', description: 'Maximum of an integer or number. Default: no limit.' },
        enum: {
          type: 'array',
          minItems: 1,
          items: { type: ['string', 'number'] },
          description: 'Allowed values. Default: any of the type.',
        },
        pattern: {
          type: 'string',
          description: 'Regular expression that the text must match; anchor it with ^ and $. Default: any text.',
        },
        maxLength: {
          type: 'integer',
          minimum: 1,
          description: 'Maximum length of the text in characters. Default: 256.',
        },
        description: { type: 'string', minLength: 1, description: 'What it means, for the reference of the API.' },
        example: { type: ['string', 'number', 'boolean'], description: 'A value, for the reference of the API.' },
      },
    },
    examples: [{ limit: { type: 'integer', minimum: 1, maximum: 500, default: 15 }, before: { type: 'cursor' } }],
  },
  example: 'params: { limit: { type: integer, minimum: 1, maximum: 500, default: 15 }, before: { type: cursor } }',
  shape(options, input, report, scope) {
    for (const [name, rule] of Object.entries(options)) checkRule(name, rule, report);
    const types = Object.entries(options).map(([name, { type }]): [string, FieldType] => [name, fieldType(type)]);
    return { ...(routeShape(input, scope) ?? {}), ...Object.fromEntries(types) };
  },
  describe(options, route) {
    const described = Object.entries(options).map(([name, rule]): RouteParameter => {
      const location = route.parameters.some((parameter) => parameter.name === name) ? 'path' : 'query';
      const { description, example } = rule;
      const text = description === undefined ? expectation(rule) : `${description} Expected: ${expectation(rule)}.`;
      return {
        ...{ name, in: location, schema: parameterSchema(rule), description: text },
        ...(example === undefined ? {} : { example }),
      };
    });
    const others = route.parameters.filter(({ name }) => !Object.hasOwn(options, name));
    return { ...route, parameters: [...others, ...described] };
  },
  create(options, context) {
    const rules = Object.entries(options);
    const names = rules.map(([name]) => name);
    const now = () => context.clock.now();
    return perMessage(context, (message, { lane }) => {
      const given = fieldsOf(message);
      const read = rules.flatMap(([name, rule]) => {
        const raw = fieldOf(given, name);
        const value = isGiven(rule, raw) ? readParameter(name, rule, raw, now()) : defaultOf(rule, now());
        return value === undefined ? [] : [[name, value] as const];
      });
      const value = { ...without(given, names), ...Object.fromEntries(read) };
      if (lane.request) lane.request.parameters = value;
      return derive(message, { value });
    });
  },
});

function without(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

function fieldType(type: ParameterRule['type']): FieldType {
  if (type === 'integer') return 'number';
  if (type === 'time') return 'date';
  return type === 'cursor' ? 'any' : type;
}

function checkRule(name: string, rule: ParameterRule, report: Report): void {
  if (templateMetaNames.includes(name))
    report([name], `a parameter cannot have the name ${name}: in templates it is the ${name} of the message`);
  const fitting: readonly string[] = ['type', 'description', 'example', ...rulesOf[rule.type]];
  for (const option of Object.keys(rule))
    if (!fitting.includes(option)) report([name, option], `${option} does not apply to a ${rule.type}`);
  if (rule.minimum !== undefined && rule.maximum !== undefined && rule.minimum > rule.maximum)
    report([name, 'minimum'], 'minimum is above maximum');
  if (rule.pattern !== undefined && !isPattern(rule.pattern)) report([name, 'pattern'], 'not a regular expression');
  else
    for (const option of ['default', 'example'] as const) {
      const value = rule[option];
      if (value !== undefined && !takes(rule, value)) report([name, option], `expected ${expectation(rule)}`);
    }
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
