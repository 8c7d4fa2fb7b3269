const page = document.getElementById("page");
SwaggerUIBundle({
  domNode: page,
  url: page.dataset.specification,
  deepLinking: true,
  validatorUrl: null, // else the page asks a validator on the internet
  persistAuthorization: false,
});
