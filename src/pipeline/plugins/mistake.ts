/** What is wrong with a plugin; each text is one line. */
export interface PluginMistake {
  /** As `plugins` names it. */
  readonly plugin: string;
  readonly text: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
}

/** Thrown while a plugin is loaded. */
export class PluginError extends Error {
  readonly hint: string | undefined;

  constructor(text: string, hint?: string, cause?: unknown) {
    super(text, cause === undefined ? undefined : { cause });
    this.hint = hint;
  }
}
