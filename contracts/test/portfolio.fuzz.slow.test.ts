// The same property over fifty times as many ledgers: DRL_TEST_SUITE sets the number.
import './portfolio.fuzz.test.ts';
