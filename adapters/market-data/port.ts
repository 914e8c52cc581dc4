/** The bytes of a source, as they came, with where they came from. Parsing is the domain's. */
export interface RawFile {
  name: string;
  bytes: Uint8Array;
  /** Where it was read: path relative to the project or URL. Never an absolute path of this machine. */
  origin: string;
}

export interface MarketDataProvider {
  /** Fetch what is needed to know every bar up to `date`. */
  fetch(date: string): Promise<RawFile[]>;
}
