"use strict";

/* Swagger UI's own words in Dutch. It speaks English only; this plugin gives React other words for whole texts
   that stand in WORDS, and for parts of those that Swagger UI composes. */
const WORDS = {
  " Undocumented ": " niet beschreven ",
  " - Website": " (website)",
  "Additional properties": "Andere eigenschappen",
  "All of": "Elk van",
  "Any of": "Een of meer van",
  "API requires the following scopes. Select which ones you want to grant to Swagger UI.":
    "Kies niets, dan krijgt u alles wat bij uw rol hoort.",
  "Apply credentials": "Inloggen",
  "Apply given OAuth2 credentials": "Inloggen met deze gegevens",
  "Authorization header": "Authorization-header",
  "auth": "inloggen",
  "Authorize": "Inloggen",
  "Authorized": "Ingelogd",
  "authorization button locked": "ingelogd",
  "authorization button unlocked": "niet ingelogd",
  "Available authorizations": "Inloggen",
  "Cancel": "Annuleren",
  "Clear": "Wissen",
  "Client credentials location:": "Gegevens sturen in:",
  "Close": "Sluiten",
  "Collapse all": "Alles dichtklappen",
  "Collapse operation": "Bewerking dichtklappen",
  "Controls ": "Bepaalt de ",
  " header.": "-header.",
  "Copy to clipboard": "Kopiëren",
  "Default": "Standaard",
  "Description": "Omschrijving",
  "Details": "Antwoord",
  "Download": "Opslaan",
  "Download file": "Bestand downloaden",
  "Edit Value": "Waarde bewerken",
  "Enum": "Keuze uit",
  "error": "mislukt",
  "Errors": "Fouten",
  "Example Value": "Voorbeeld",
  "Examples": "Voorbeelden",
  "Execute": "Uitvoeren",
  "Expand all": "Alles openklappen",
  "Expand operation": "Bewerking openklappen",
  "Failed to load API definition.": "De beschrijving van de API kan niet worden geladen.",
  "forbidden": "niet toegestaan",
  "Filter by tag": "Zoeken op onderwerp",
  "Flow: ": "Soort: ",
  "Hide": "Verbergen",
  "Items": "Onderdelen",
  "Logout": "Uitloggen",
  "Media type": "Mediatype",
  "Name": "Naam",
  "No links": "Geen",
  "No parameters": "Geen parameters",
  "One of": "Een van",
  "Please correct the following validation errors and try again.": "Verbeter dit en probeer het opnieuw:",
  "Remove authorization": "Uitloggen",
  "Request body": "Inhoud van het verzoek",
  "Request duration": "Duur",
  "Request URL": "Adres van het verzoek",
  "Required field is not provided": "Dit is verplicht",
  "Reset": "Herstellen",
  "Response body": "Inhoud van het antwoord",
  "Response headers": "Headers van het antwoord",
  "Responses": "Antwoorden",
  "Schemas": "Schema's",
  "Scopes are used to grant an application different levels of access to data on behalf of the end user. Each API may declare one or more scopes.":
    "Met scopes geeft u aan wat Swagger UI namens u mag doen.",
  "select all": "alles kiezen",
  "select none": "niets kiezen",
  "Send empty value": "Leeg meesturen",
  "Server response": "Antwoord van de server",
  "Show": "Tonen",
  "Token URL:": "Adres voor tokens:",
  "Try it out ": "Proberen",
  "Type": "Soort",
};
const PARTS = [
  [/^<i>Available values<\/i> : /, "<i>Keuze uit</i>: "],
  [/^<i>Default value<\/i> : /, "<i>Standaard</i>: "],
  [/^<i>Example<\/i> : /, "<i>Voorbeeld</i>: "],
  [/^\*\*Failed to fetch\.\*\*[^]*/, "**Er kwam geen antwoord.** Is er verbinding met de server?"],
  [/^Auth error$/, "Inloggen mislukt"],
  [/^Error: Unauthorized, error: invalid_client$/, "Deze client en dit geheim horen niet bij elkaar."],
  [/^Send email to (?=.)/, "E-mail aan "],
  [/^((?:[≤≥] )?[0-9[(][0-9, )\]]*) characters$/, "$1 tekens"],
  [/^((?:[≤≥] )?[0-9[(][0-9, )\]]*) items$/, "$1 onderdelen"],
  [/^matches (?=.)/, "past op "],
];
const SAID_IN = ["aria-label", "placeholder", "source", "title"];

function inDutch(text) {
  if (typeof text !== "string") {
    return text;
  }
  return WORDS[text] ?? PARTS.reduce((said, [english, dutch]) => said.replace(english, dutch), text);
}

function Dutch({ React }) {
  const { createElement } = React;
  React.createElement = (type, props, ...children) => {
    const said = SAID_IN.filter((name) => typeof props?.[name] === "string");
    const words = Object.fromEntries(said.map((name) => [name, inDutch(props[name])]));
    return createElement(type, props && { ...props, ...words }, ...children.map(inDutch));
  };
  return {};
}
