import { createRequire } from 'node:module';
import { collectSources } from '../../build.ts';
import { CONTRACTS, SOLC_SETTINGS } from '../../compiler.ts';

/** A place where a source goes one of two ways, and where its code decides. */
export interface Branch {
  contract: string;
  line: number;
  text: string;
  /** Program counters of the JUMPI of exactly this condition. */
  counters: number[];
}

export interface CoveredCode {
  branches: Branch[];
  /** Code by contract, and where it takes a word that the constructor wrote from: [from the product's code, to this one]. */
  codes: Record<string, { object: string; words: [from: number, to: number][] }>;
}

interface Node {
  nodeType: string;
  operator?: string;
  src: string;
  condition?: Node;
}

interface Deployed {
  object: string;
  sourceMap: string;
  immutableReferences: Record<string, { start: number; length: number }[]>;
}

const JUMPI = 0x57;
const [PUSH1, PUSH32] = [0x60, 0x7f];

/**
 * The contracts compiled as the product compiles them, but without the optimizer: it joins and removes branches. Every condition of an `if`, a loop,
 * a `?:`, an `&&` and an `||` is then one JUMPI whose source range is its own; those that the compiler adds (overflow, bounds, decoding) have others.
 */
export function coveredCode(): CoveredCode {
  const sources = collectSources();
  const plain = compile(sources, false);
  const optimized = compile(sources, true);
  const branches = CONTRACTS.flatMap((contract) => {
    const { ast, id } = plain.sources[`src/${contract}.sol`];
    const counters = countersBySource(plain.deployed(contract), id);
    const text = Buffer.from(sources[`src/${contract}.sol`].content);
    return branchNodes(ast).map(({ src }) => {
      const [start, length] = src.split(':').map(Number);
      const line = text.subarray(0, start).toString().split('\n').length;
      const first = text
        .subarray(start, start + length)
        .toString()
        .split('\n')[0];
      return { contract, line, text: first, counters: counters.get(`${start}:${length}`) ?? [] };
    });
  });
  const codes = CONTRACTS.map((contract) => {
    const { object, immutableReferences } = plain.deployed(contract);
    const words = Object.entries(immutableReferences).flatMap(([id, places]) => {
      const [from] = optimized.deployed(contract).immutableReferences[id];
      return places.map(({ start }): [number, number] => [from.start, start]);
    });
    return [contract, { object, words }];
  });
  return { branches, codes: Object.fromEntries(codes) };
}

function compile(sources: ReturnType<typeof collectSources>, optimize: boolean) {
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string };
  const settings = {
    ...SOLC_SETTINGS,
    optimizer: optimize ? SOLC_SETTINGS.optimizer : { enabled: false },
    outputSelection: { '*': { '': ['ast'], '*': ['evm.deployedBytecode'] } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify({ language: 'Solidity', sources, settings })));
  return {
    sources: output.sources as Record<string, { ast: unknown; id: number }>,
    deployed: (contract: string): Deployed => output.contracts[`src/${contract}.sol`][contract].evm.deployedBytecode,
  };
}

/** Source ranges of conditions: of the statement, but of a loop the condition alone. */
function branchNodes(node: unknown): Node[] {
  if (typeof node !== 'object' || node === null) return [];
  const { nodeType, operator, condition } = node as Node;
  const inner = Object.values(node).flatMap(branchNodes);
  if (nodeType === 'ForStatement' || nodeType === 'WhileStatement') return condition ? [condition, ...inner] : inner;
  const decides = nodeType === 'IfStatement' || nodeType === 'Conditional' || operator === '&&' || operator === '||';
  return decides ? [node as Node, ...inner] : inner;
}

/** Program counters of the JUMPIs by source range, from the compiler's map (one entry an instruction, empty fields as before). */
function countersBySource({ object, sourceMap }: Deployed, file: number): Map<string, number[]> {
  const code = Buffer.from(object, 'hex');
  const found = new Map<string, number[]>();
  let counter = 0;
  let [start, length, source] = ['', '', ''];
  for (const entry of sourceMap.split(';')) {
    const fields = entry.split(':');
    start = fields[0] || start;
    length = fields[1] || length;
    source = fields[2] || source;
    const key = `${start}:${length}`;
    if (code[counter] === JUMPI && Number(source) === file) found.set(key, [...(found.get(key) ?? []), counter]);
    counter += code[counter] >= PUSH1 && code[counter] <= PUSH32 ? code[counter] - PUSH1 + 2 : 1;
  }
  return found;
}
