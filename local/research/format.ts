/** How the tables of the studies write a figure that may not be defined. */
export const percent = (value: number | null): string => (value === null ? '-' : `${(value * 100).toFixed(1)} %`);

export const ratio = (value: number | null | undefined): string => value?.toFixed(2) ?? '-';
