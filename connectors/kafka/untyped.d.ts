// Codecs that come without types: what is used of them.

declare module 'snappyjs' {
  const snappy: { uncompress(bytes: Buffer, maxBytes: number): Buffer };
  export default snappy;
}

declare module 'lz4js' {
  const lz4: { decompress(bytes: Uint8Array, maxBytes: number): Uint8Array };
  export default lz4;
}
