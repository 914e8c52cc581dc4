/** One compiler, one set of options: for the generated file, for Hardhat and for whoever verifies the deployed bytecode. */
export const SOLC_VERSION = '0.8.37';
export const SOLC_SETTINGS = {
  viaIR: true,
  evmVersion: 'cancun',
  optimizer: { enabled: true, runs: 100_000 },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
} as const;
/** Contracts whose interface and bytecode the product uses. */
export const CONTRACTS = ['Portfolio', 'PortfolioFactory'] as const;
