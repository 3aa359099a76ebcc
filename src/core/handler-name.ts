/** What named handlers may be called. */
export const HANDLER_NAME = /^[A-Za-z_][A-Za-z0-9_.:-]{0,99}$/;
