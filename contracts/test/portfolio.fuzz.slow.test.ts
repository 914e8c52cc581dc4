// The same property over more calls: DRL_TEST_SUITE sets the number, DRL_FUZZ_CALLS another one.
import './portfolio.fuzz.test.ts';
