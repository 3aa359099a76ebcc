/** The worker's entry in its container; wiring follows. */
export {};
