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
  if (server) {
    try {
      const spec = await (await fetch(specification)).json();
      spec.servers = [{ url: new URL(server, location.href).pathname.replace(/\/$/, "") || "/" }];
      options.spec = spec;
    } catch {
      // the page itself says what is wrong with the document
    }
  }
  if (!options.spec) options.url = specification;
  SwaggerUIBundle(options);
})();
