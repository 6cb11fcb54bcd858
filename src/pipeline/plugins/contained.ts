import { catchError, defer, throwError } from 'rxjs';
import { errorText, FdpError } from '../../errors.ts';
import type { ConnectorDeclaration, OperatorDeclaration } from '../../kit/declaration.ts';
import type { FunctionDeclaration } from '../../kit/function.ts';
import type { Outcomes } from '../../kit/outcomes.ts';
import type { Declared } from './declared.ts';

type AnyFunction = (...args: readonly unknown[]) => unknown;

/**
 * A plugin's declaration whose unforeseen errors name the plugin. An `FdpError` stays as it is: its author has written its
 * text and chosen its fault. Anything else that is thrown for a message rejects it; what `create` throws is fatal.
 */
export function contained({ kind, declaration }: Declared, plugin: string): Declared {
  if (kind === 'function') return { kind, declaration: containedFunction(declaration, plugin) };
  const who = `${declaration.type} (plugin ${plugin})`;
  const named = { ...withGuards(declaration, who), plugin };
  if (kind === 'connector') {
    const { source, sink, lookup } = declaration;
    const roles = {
      ...(source && { source: withGuards(source, who) }),
      ...(sink && { sink: withGuards(sink, who) }),
      ...(lookup && { lookup }),
    };
    return { kind, declaration: { ...(named as ConnectorDeclaration), ...roles } };
  }
  return { kind, declaration: containedOperator(named as OperatorDeclaration, who) };
}

function containedFunction(declaration: FunctionDeclaration, plugin: string): FunctionDeclaration {
  const call = (args: Readonly<Record<string, unknown>>) => {
    try {
      return declaration.call(args);
    } catch (error) {
      throw rejection(error, `${declaration.name} (plugin ${plugin})`);
    }
  };
  return { ...declaration, plugin, call };
}

function containedOperator(declaration: OperatorDeclaration, who: string): OperatorDeclaration {
  return {
    ...declaration,
    create(options, context) {
      const { outcomes } = context;
      const naming: Outcomes = {
        filter: (message) => outcomes.filter(message),
        release: (message) => outcomes.release(message),
        reject: (lane, message, thrown) => outcomes.reject(lane, message, rejection(thrown, who)),
      };
      const made = declaration.create(options, { ...context, outcomes: naming });
      // In JavaScript no compiler has checked it.
      if (typeof made !== 'function') {
        const text = 'create gave no operator: return what a helper gives, such as perMessage(context, ...)';
        throw new FdpError('FDP_INTERNAL', `${who}: ${text}`);
      }
      // An operator of its own, without a helper: the error ends the run of the topology.
      return (batches) => defer(() => made(batches)).pipe(catchError((error) => throwError(() => named(error, who))));
    },
  };
}

/** Every function of a declaration, so that what it throws, or rejects with, is fatal and names the plugin. */
function withGuards<T extends object>(declaration: T, who: string): T {
  const fatal = (error: unknown): never => {
    if (error instanceof FdpError) throw error;
    throw new FdpError('FDP_INTERNAL', `${who}: ${errorText(error)}`, { cause: error });
  };
  const guarded =
    (call: AnyFunction) =>
    (...args: readonly unknown[]) => {
      try {
        const given = call.apply(declaration, args as unknown[]);
        return given instanceof Promise ? given.catch(fatal) : given;
      } catch (error) {
        return fatal(error);
      }
    };
  const all = Object.entries(declaration).map(([key, value]) => [
    key,
    typeof value === 'function' ? guarded(value) : value,
  ]);
  return { ...declaration, ...Object.fromEntries(all) };
}

function rejection(error: unknown, who: string): FdpError {
  if (error instanceof FdpError) return error;
  return new FdpError('FDP_MESSAGE_INVALID', `${who}: ${errorText(error)}`, { cause: error });
}

function named(error: unknown, who: string): unknown {
  return error instanceof FdpError ? error : new Error(`${who}: ${errorText(error)}`, { cause: error });
}
