import { FdpError } from '../src/errors.ts';
import { defineOperator } from '../src/kit/declaration.ts';
import { counterBy } from '../src/kit/figures.ts';
import { derive } from '../src/kit/message.ts';
import { type OperatorContext, perMessage } from '../src/kit/operator.ts';
import { fieldsOf, withField } from '../src/kit/row.ts';
import { foreignText } from '../src/kit/text.ts';
import { type Conditions, type Counts, readConditions } from './support/conditions-file.ts';
import { checkData } from './support/data-file.ts';
import { show } from './support/expression-functions.ts';
import { fieldOf } from './support/fields.ts';
import { checkField } from './support/names.ts';

/** The most codes that are counted by name; further ones are counted as `other`. */
const maxUnknown = 100;

/**
 * `eligibility`: adds to a trade what it counts for by its conditions. A trade with several counts for what all of them
 * allow. A code that the rules do not know allows everything: it is counted by code, and logged once.
 */
export const eligibility = defineOperator({
  type: 'eligibility',
  summary: 'Adds to a trade whether it counts for the last price, for the high and low, and for the volume.',
  stateless: true,
  options: {
    type: 'object',
    description: 'The rules, and the field with the conditions.',
    additionalProperties: false,
    required: ['rules'],
    properties: {
      rules: {
        type: 'string',
        format: 'name-or-path',
        description:
          'Which conditions count for what: us-equities (the consolidated tapes), cta (tapes A and B), utp (tape C), or the path of a file of your own. A code that they do not know counts as a regular trade.',
        examples: ['us-equities', './my-conditions.yml'],
      },
      conditions: {
        type: 'string',
        minLength: 1,
        default: 'conditions',
        description:
          'The field that holds the list of codes. A trade without it, or with an empty list, is a regular one.',
      },
    },
  },
  figures: {
    unknown_conditions: counterBy('code', 'unknown_conditions', 'Codes of trades that the rules do not have, by code.'),
  },
  example: 'eligibility: { rules: us-equities }',
  shape({ rules, conditions }, input, report) {
    checkField({ input, report, path: ['conditions'] }, conditions);
    checkData(report, ['rules'], () => readConditions(rules));
    return input && { ...input, counts_price: 'boolean', counts_range: 'boolean', counts_volume: 'boolean' };
  },
  create({ rules, conditions }, context) {
    const known = readConditions(rules);
    const unknown = unknownCodes(context, rules);
    return perMessage(context, (message, { warmUp }) => {
      const fields = fieldsOf(message);
      const codes = codesOf(conditions, fieldOf(fields, conditions));
      if (!warmUp) for (const code of codes) if (code !== '' && !known.has(code)) unknown(code);
      const { price, range, volume } = together(codes, known);
      const more = withField(withField(fields, 'counts_price', price), 'counts_range', range);
      return derive(message, { value: withField(more, 'counts_volume', volume) });
    });
  },
});

const regular: Counts = { price: true, range: true, volume: true };

function together(codes: readonly string[], known: Conditions): Counts {
  let counts = regular;
  for (const code of codes) {
    const own = known.get(code);
    if (own === undefined) continue;
    counts = {
      price: counts.price && own.price,
      range: counts.range && own.range,
      volume: counts.volume && own.volume,
    };
  }
  return counts;
}

/** Tapes fill their four positions with spaces: a code of spaces is none. */
function codesOf(name: string, value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value))
    throw new FdpError('FDP_MESSAGE_INVALID', `${name}: expected a list of codes, got ${show(value)}`);
  return value.map((code: unknown) => {
    if (typeof code === 'string') return code.trim();
    if (typeof code === 'number') return String(code);
    throw new FdpError('FDP_MESSAGE_INVALID', `${name}: expected codes that are texts or numbers, got ${show(code)}`);
  });
}

/** Counts an unknown code, and logs its first occurrence. */
function unknownCodes({ node, log }: OperatorContext, rules: string): (code: string) => void {
  const seen = new Set<string>();
  return (code) => {
    const name = foreignText(code, 20);
    if (!seen.has(name)) {
      if (seen.size >= maxUnknown) return node.countBy('unknown_conditions', 'other');
      seen.add(name);
      log.warn({ node: node.name }, `${node.name}: ${rules} has no condition ${name}: such trades count as regular`);
    }
    node.countBy('unknown_conditions', name);
  };
}
