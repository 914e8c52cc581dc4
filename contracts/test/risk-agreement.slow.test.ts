// The same property over ten times as many books: DRL_TEST_SUITE sets the number.
import './risk-agreement.test.ts';
