// Codecs that come without types: what is used of them.

declare module 'snappyjs' {
  export function compress(bytes: Uint8Array): Uint8Array;
  export function uncompress(bytes: Buffer, maxBytes: number): Uint8Array;
}

declare module 'lz4js' {
  export function compress(bytes: Uint8Array): Uint8Array;
  /** What it may hold, at most; or what it says that it holds. */
  export function decompressBound(bytes: Uint8Array): number;
  /** Gives the length; what lies beyond `room` is dropped. */
  export function decompressFrame(bytes: Uint8Array, room: Uint8Array): number;
}
