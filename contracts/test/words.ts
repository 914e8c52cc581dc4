import { keccak_256 } from '@noble/hashes/sha3.js';

/** Words of the EVM as hex text without a prefix: what the ABI calls static is these, one after the other. */
export const word = (value: bigint | number): string => value.toString(16).padStart(64, '0');

/** Of hex text without a prefix, to the same. */
export const keccak = (hex: string): string => Buffer.from(keccak_256(Buffer.from(hex, 'hex'))).toString('hex');

/** Bytes behind their length, filled up to whole words. */
export const lengthAndBytes = (hex: string): string =>
  word(hex.length / 2) + hex.padEnd(Math.ceil(hex.length / 64) * 64, '0');

/** Weights of up to 16 bits, 16 to a word, the first lowest; unlike the codec's it takes weights above the whole. */
export function packedWords(weights: readonly number[]): string[] {
  const words: string[] = [];
  for (let at = 0; at < weights.length; at += 16) {
    let lanes = '';
    for (const weight of weights.slice(at, at + 16)) lanes = weight.toString(16).padStart(4, '0') + lanes;
    words.push(lanes.padStart(64, '0'));
  }
  return words;
}
