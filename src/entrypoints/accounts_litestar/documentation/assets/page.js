// `data-server` is where the API is from here: the document may not know of a prefix that a proxy removes.
(async () => {
  const page = document.getElementById("page");
  const { specification, server } = page.dataset;
  const options = {
    domNode: page,
    deepLinking: true,
    validatorUrl: null, // else the page asks a validator on the internet
    persistAuthorization: false,
  };
  try {
    const spec = await (await fetch(specification)).json();
    if (server) spec.servers = [{ url: new URL(server, location.href).pathname.replace(/\/$/, "") || "/" }];
    // OpenAPI means such an address from the server, Swagger UI from this page
    const base = new URL((spec.servers?.[0]?.url ?? "").replace(/\/?$/, "/"), location.href);
    for (const scheme of Object.values(spec.components?.securitySchemes ?? {})) {
      for (const flow of Object.values(scheme.flows ?? {})) {
        if (flow.tokenUrl) flow.tokenUrl = new URL(flow.tokenUrl, base).href;
      }
    }
    options.spec = spec;
  } catch {
    options.url = specification; // the page itself says what is wrong with the document
  }
  SwaggerUIBundle(options);
})();
