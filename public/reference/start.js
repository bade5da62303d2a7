// Everything comes from this hub: no fonts, no proxy and no service of the library's makers.
Scalar.createApiReference('#reference', {
  url: '/openapi.json',
  withDefaultFonts: false,
  telemetry: false,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  defaultOpenAllTags: false,
  operationTitleSource: 'summary',
});
