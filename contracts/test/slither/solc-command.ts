import { createRequire } from 'node:module';
import { collectSources } from '../../build.ts';
import { SOLC_SETTINGS } from '../../compiler.ts';

// The npm compiler as a command, with the two answers that Slither asks of one: there is no native solc to rely on.

interface Compiled {
  sources: Record<string, { ast: unknown }>;
  contracts: Record<string, Record<string, Contract>>;
}

interface Contract {
  abi: unknown;
  userdoc: unknown;
  devdoc: unknown;
  evm: Record<'bytecode' | 'deployedBytecode', { object: string; sourceMap: string }> & {
    methodIdentifiers: Record<string, string>;
  };
}

const solc = createRequire(import.meta.url)('solc') as { version(): string; compile(input: string): string };

/** Every contract of the sources in the form of `--combined-json`. */
function combined(): string {
  const outputSelection = { '*': { '*': ['abi', 'evm', 'userdoc', 'devdoc'], '': ['ast'] } };
  const input = {
    language: 'Solidity',
    sources: collectSources(),
    settings: { ...SOLC_SETTINGS, outputSelection },
  };
  const { sources, contracts } = JSON.parse(solc.compile(JSON.stringify(input))) as Compiled;
  const named = Object.entries(contracts).flatMap(([file, all]) =>
    Object.entries(all).map(([name, contract]) => [`${file}:${name}`, flat(contract)]),
  );
  return JSON.stringify({
    contracts: Object.fromEntries(named),
    sourceList: Object.keys(sources),
    sources: Object.fromEntries(Object.entries(sources).map(([file, { ast }]) => [file, { AST: ast }])),
    version: solc.version(),
  });
}

const flat = ({ abi, userdoc, devdoc, evm }: Contract) => ({
  ...{ abi, userdoc, devdoc, hashes: evm.methodIdentifiers },
  ...{ bin: evm.bytecode.object, srcmap: evm.bytecode.sourceMap },
  ...{ 'bin-runtime': evm.deployedBytecode.object, 'srcmap-runtime': evm.deployedBytecode.sourceMap },
});

process.stdout.write(process.argv.includes('--version') ? `Version: ${solc.version()}\n` : combined());
