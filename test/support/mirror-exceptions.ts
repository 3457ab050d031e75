/**
 * Files of agent/ and init/ without a test at their mirror path under test/unit, and the test that proves each instead.
 * Keep it short: a file belongs here if only a whole process, a kernel or its neighbour can show that it is right.
 */
export const MIRROR_EXCEPTIONS: Readonly<Record<string, string>> = {};
