export { optionsOf, usageOf } from '../../../src/testing/options.ts';
