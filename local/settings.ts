import { fileURLToPath } from 'node:url';
import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import type { CommonOptions } from './commands/args.ts';
import { type Home, homeUniverse } from './home.ts';

/** Folder of the project. */
export const ROOT = fileURLToPath(new URL('../', import.meta.url));

/**
 * Settings of one command. A universe other than the configuration's own gets a strategy of its own name, so that two
 * universes in one home never share a book. `sections` are laid over the configuration, as a file would be.
 */
export function readSettings(options: CommonOptions, home: Home, sections: Record<string, unknown> = {}): Settings {
  const load = (overrides: Record<string, unknown>) =>
    loadSettings({
      root: ROOT,
      home: home.path,
      configFile: options.config,
      universe: options.universe ?? homeUniverse(home),
      profile: options.profile,
      overrides: { ...sections, ...overrides },
    });
  const settings = load(options.strategy === undefined ? {} : { strategy: options.strategy });
  const own = settings.universe.id === settings.config.universe;
  return options.strategy === undefined && !own ? load({ strategy: settings.universe.id }) : settings;
}
