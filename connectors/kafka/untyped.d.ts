// Codecs that come without types: what is used of them.

declare module 'snappyjs' {
  export function uncompress(bytes: Buffer, maxBytes: number): Buffer;
}

declare module 'lz4js' {
  export function decompress(bytes: Uint8Array, maxBytes: number): Uint8Array;
}
