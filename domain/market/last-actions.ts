import type { BarTable, CorporateAction } from './bar.ts';
import type { Instrument } from './instrument.ts';
import type { SymbolNames } from './symbol-names.ts';

/**
 * Instruments whose ends also pay what happened to holders after the last good bar, up to the day of the end: no later bar can carry it. It comes before the
 * end, whose `value` and `cash` are per unit after the split; what comes out is per unit held at the last bar. Bars and instruments are those known at the
 * close of a day, under its symbols.
 */
export function withLastActions(
  instruments: readonly Instrument[],
  actions: readonly CorporateAction[],
  bars: BarTable,
  names: SymbolNames | null,
): Instrument[] {
  const ends = new Map(instruments.flatMap(({ symbol, events: [end] }) => (end ? [[symbol, end.date] as const] : [])));
  const lastBar = new Map<string, string>();
  bars.symbol.forEach((symbol, row) => {
    if (bars.date[row] < (ends.get(symbol) ?? '')) lastBar.set(symbol, bars.date[row]);
  });
  return instruments.map((instrument) => {
    const { symbol, events } = instrument;
    const [end, ...others] = events;
    const last = lastBar.get(symbol);
    const own = actions
      .filter((action) => last && action.date > last && action.date <= end.date)
      .filter((action) => (names?.nameAtOpen(action.symbol, action.date) ?? action.symbol) === symbol)
      .sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : Number(a.split === 1) - Number(b.split === 1)));
    if (own.length === 0) return instrument;
    let [units, cash] = [1, 0];
    for (const action of own) {
      units *= action.split;
      cash += units * (action.dividend + worthOf(action, bars, names));
    }
    const { value, cash: paid = 0 } = end;
    const total = cash + units * paid;
    const event = { ...end, value: value && value * units, ...(total > 0 && { cash: total }) };
    return { ...instrument, events: [event, ...others] };
  });
}

/** Of what was spun off; 0 where nobody knows it yet. */
function worthOf({ spinoff, date }: CorporateAction, bars: BarTable, names: SymbolNames | null): number {
  if (!spinoff) return 0;
  if ('value' in spinoff) return spinoff.value;
  const child = names?.nameAtOpen(spinoff.symbol, date) ?? spinoff.symbol;
  const row = bars.date.findIndex((day, i) => day >= date && bars.symbol[i] === child);
  return row < 0 ? 0 : spinoff.ratio * bars.close[row];
}
