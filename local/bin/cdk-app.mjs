#!/usr/bin/env node
// The command line of the CDK runs under whatever Node the person has; the app is TypeScript and wants Node 24.
import { ROOT, runUnderNode24 } from './node24.mjs';

process.exit(await runUnderNode24(['--disable-warning=ExperimentalWarning', `${ROOT}cdk/bin/app.ts`]));
