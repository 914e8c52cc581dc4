import { stripTypeScriptTypes } from 'node:module';

// Jest runs the same source that Node runs: types stripped, nothing else changed, so line numbers stay true.
export default {
  process: (source) => ({ code: stripTypeScriptTypes(source, { mode: 'strip' }) }),
};
