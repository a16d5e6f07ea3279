# httr2: R's usual one.

# example
library(httr2)

token <- function(endpoint, id, secret, auth = "header", scope = NULL, parameters = list()) {
  client <- oauth_client(id, token_url = endpoint, secret = secret, auth = auth)
  oauth_flow_client_credentials(client, scope = scope, token_params = parameters)
}
# request(url) |> req_oauth_client_credentials(client) |> req_perform() fetches and keeps it
# end

said <- commandArgs(trailingOnly = TRUE)
asked <- if (length(said) > 4) strsplit(said[-(1:4)], "=") else list()
fields <- setNames(
  lapply(asked, function(pair) paste(pair[-1], collapse = "=")),
  vapply(asked, function(pair) pair[[1]], "")
)
scope <- fields$scope
fields$scope <- NULL
way <- if (said[[4]] == "basic") "header" else "body"
answer <- tryCatch(
  token(said[[1]], said[[2]], said[[3]], way, scope, fields),
  # Its error has the code in its class.
  error = function(error) {
    code <- sub("^httr2_oauth_", "", grep("^httr2_oauth_", class(error), value = TRUE))
    cat(code, "\n")
    quit(status = if (length(code)) 3 else 1)
  }
)
cat(jsonlite::toJSON(unclass(answer)[c("access_token", "token_type", "scope")], auto_unbox = TRUE), "\n")
