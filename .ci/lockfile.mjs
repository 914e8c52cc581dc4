#!/usr/bin/env node
// After a dependency change: add the platform packages that npm left out of package-lock.json (it leaves out those that it could
// not see for this platform), and drop `engines` of optional packages (npm run by an older Node skips them without a word).
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
const OS = ['linux', 'darwin', 'win32', 'freebsd', 'android', 'openbsd', 'netbsd', 'sunos', 'aix', 'openharmony'];
const ALIASES = { windows: 'win32', win: 'win32', macos: 'darwin' };
const CPUS = [
  'x64',
  'arm64',
  'ia32',
  'arm',
  'ppc64',
  's390x',
  'riscv64',
  'loong64',
  'mips64el',
  'wasm32',
  'amd64',
  'x86_64',
  'aarch64',
];
const CPU_ALIASES = { amd64: 'x64', x86_64: 'x64', aarch64: 'arm64' };

const resolves = (from, name) => {
  for (let base = from; ; base = base.slice(0, base.lastIndexOf('/node_modules/'))) {
    if (lock.packages[`${base ? `${base}/` : ''}node_modules/${name}`]) return true;
    if (!base.includes('/node_modules/')) return Boolean(lock.packages[`node_modules/${name}`]);
  }
};

let added = 0;
let relaxed = 0;
for (const [where, entry] of Object.entries({ ...lock.packages })) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (resolves(where, name)) continue;
    const words = name.toLowerCase().split(/[-/@.]/);
    const os = words.map((w) => ALIASES[w] ?? w).filter((w) => OS.includes(w));
    const cpu = words.map((w) => (CPUS.includes(w) ? (CPU_ALIASES[w] ?? w) : null)).filter(Boolean);
    if (!/^\d/.test(version)) continue;
    lock.packages[`node_modules/${name}`] = {
      version,
      optional: true,
      ...(os.length ? { os } : {}),
      ...(cpu.length ? { cpu } : {}),
    };
    added += 1;
  }
}
for (const entry of Object.values(lock.packages)) {
  if ((entry.optional || entry.devOptional) && entry.engines) {
    delete entry.engines;
    relaxed += 1;
  }
}
const ordered = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync(path, `${JSON.stringify({ ...lock, packages: ordered }, null, 2)}\n`);
console.log(
  `package-lock.json: ${added} platform packages added, ${relaxed} engine bounds of optional packages dropped`,
);
