/** What Slither finds and is right so, by detector and place, with the reason. A finding that is not here fails the test, and so does a line here that it no longer finds. */
export const JUSTIFIED: Readonly<Record<string, string>> = {
  'encode-packed-collision PortfolioFactory._arguments':
    'The counts of groups and symbols stand before them in the same bytes, so that two lists never give the same ones; and nothing is hashed for authority.',
  'unused-return Portfolio._signedBy':
    'The third value only details the error; that there was one is read from the second.',
  'missing-zero-check Portfolio.proposeAdmin':
    'Proposing nobody takes a proposal back. The zero address can never accept.',
  'reentrancy-events PortfolioFactory.create':
    'The only call goes to the clone that was just made, whose code is this project and calls nobody.',
  'timestamp Portfolio._checkOrder':
    'A deadline is about time. Validators can shift it by seconds, orders live for hours.',
  'timestamp Portfolio.applyLimits': 'A wait of 24 hours, which seconds do not shorten to anything that matters.',
  'timestamp Portfolio.cancelLimits': 'Only asks whether anything waits at all (0 or not).',
  'assembly Portfolio._checkWord':
    'Groups are added up in place: 30 assets cost 3,000 gas less. Held to the reference model by fuzz.',
  'assembly Portfolio._fixed': 'Reads the arguments of the clone from its own code without the symbols behind them.',
  'assembly Portfolio.assets': 'Copies the symbols out of the code of the clone in one go.',
  'unindexed-event-address LimitsCancelled': 'One account can emit it, or two: nobody searches by it.',
  'unindexed-event-address Paused': 'As OpenZeppelin has it.',
  'unindexed-event-address Unpaused': 'As OpenZeppelin has it.',
};
