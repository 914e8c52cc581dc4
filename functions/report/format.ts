/** Numbers as the report writes them; null is an en dash. */
const DASH = '–';

export const percent = (value: number | null | undefined, digits = 1): string =>
  value === null || value === undefined ? DASH : `${(value * 100).toFixed(digits)} %`;
export const decimal = (value: number | null | undefined, digits = 2): string =>
  value === null || value === undefined ? DASH : value.toFixed(digits);
export const basisPoints = (value: number): string => `${(value / 100).toFixed(2)} %`;
export const signed = (text: string): string =>
  text.startsWith('-') || /^0(\.0*)?( %)?$/.test(text) ? text : `+${text}`;
export const probability = (value: number): string => (value < 0.001 ? '< 0.001' : value.toFixed(3));
export const short = (hash: string): string => `${hash.slice(0, 12)}…`;

/** A policy's name for people: `volTargetEqualWeight` as "vol target equal weight". */
export const words = (name: string): string =>
  name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_]/g, ' ')
    .toLowerCase();

export const LIMIT_WORDS: Record<string, string> = {
  maxWeight: 'cap on one asset',
  maxGroupWeight: 'cap on a group',
  maxHubWeight: 'cap on graph hubs',
  maxNeighbourhoodWeight: 'cap on the neighbourhood of a graph hub',
  maxCommunityWeight: 'cap on a correlation community',
  maxIlliquidWeight: 'cap on the least liquid',
  maxGross: 'cap on all assets',
  maxTurnover: 'cap on turnover',
  salesFirst: 'sales to get back within the caps',
  drawdown: 'drawdown control',
  notTradable: 'not tradable today',
  longOnly: 'no short positions',
};
