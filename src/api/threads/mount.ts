/** Where the routes of the threads API are: clients know both roots. */
export type Mount = { root: '' | '/api/v1'; nameOf: (operation: string) => string };

export const MOUNTS: readonly Mount[] = [
  { root: '', nameOf: (operation) => operation },
  { root: '/api/v1', nameOf: (operation) => `${operation}V1` },
];
