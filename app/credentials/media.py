"""The media types of credentials (VC Data Model 2.0, appendix C; Securing VCs with JOSE and COSE)."""

CREDENTIAL, TOKEN = "application/vc", "application/vc+jwt"
# What a reader may ask for to get the token.
TOKENS = (TOKEN, "application/jwt")
