import { enableCompileCache } from 'node:module';

enableCompileCache(); // the types of the product's own files are stripped once, not at every start

const { runCommandLine } = await import('./command-line.ts');
process.exitCode = await runCommandLine(process.argv.slice(2));
