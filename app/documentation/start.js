"use strict";

const language = document.documentElement.lang;

window.ui = SwaggerUIBundle({
  url: `/v1/openapi.json?lang=${language}`,
  dom_id: "#swagger-ui",
  plugins: language === "nl" ? [Dutch] : [],
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  persistAuthorization: false,
  tryItOutEnabled: true,
  requestInterceptor(request) {
    request.headers["Accept-Language"] = language;
    // Otherwise the browser answers a wrong secret with a dialog of its own.
    request.credentials = "omit";
    return request;
  },
});

// The link to the other language leads to the operation that stands open here.
document.getElementById("other-language").addEventListener("click", ({ currentTarget }) => {
  currentTarget.hash = location.hash;
});
