#!/usr/bin/env bash
# Every call of both account APIs with curl, against a running service, each answer printed. Stops at the first answer
# that is not the documented one.
#
#   make serve PORT=8123                                  in one terminal
#   examples/walk.sh http://127.0.0.1:8123                in another, with the same ACCOUNTS_DATABASE_URL
#
# Verifying an address is an operator's act here (there is no mailbox to click in): it uses the `accounts` command, which
# is .venv/bin/accounts unless a second argument names another.
set -euo pipefail

base=${1:-http://127.0.0.1:8000}
accounts=${2:-$(dirname "$0")/../.venv/bin/accounts}
run=$(date +%s)-$$ # addresses of their own, so that the walk can be walked twice
jane=jane-$run@example.org john=john-$run@example.org
old_password='correct horse battery staple' new_password='my-secret-password'
answer=

# call STATUS METHOD PATH [curl's options]: make the call, print it and its answer, and insist on the status.
call() {
  local wanted=$1 method=$2 path=$3 reply status
  shift 3
  reply=$(curl --silent --show-error --max-time 60 --request "$method" "$base$path" \
    --header 'Accept: application/json' --write-out '\n%{http_code}' "$@")
  status=${reply##*$'\n'} answer=${reply%$'\n'*}
  printf '\n%s %s -> %s\n' "$method" "$path" "$status"
  [ -z "$answer" ] || printf '%s\n' "$answer"
  if [ "$status" != "$wanted" ]; then
    printf 'This should have been %s.\n' "$wanted" >&2
    exit 1
  fi
}

# field NAME: the first value of that name in the last answer.
field() {
  printf '%s' "$answer" | sed -n 's/.*"'"$1"'": *"\{0,1\}\([^",}]*\).*/\1/p' | head -n 1
}

# first_id: the id of the first entry in the last answer.
first_id() {
  printf '%s' "$answer" | grep -o '"id": *"\{0,1\}[^",}]*' | head -n 1 | sed 's/.*[": ]//'
}

# holds TEXT: insist that the last answer holds it.
holds() {
  case $answer in
    *"$1"*) ;;
    *) printf 'The answer should hold %s.\n' "$1" >&2; exit 1 ;;
  esac
}

# sign_in EMAIL PASSWORD: print a token.
sign_in() {
  curl --silent --fail "$base/api/auth/login" --data-urlencode "email=$1" --data-urlencode "password=$2" |
    sed 's/.*"access_token": *"\([^"]*\)".*/\1/'
}

echo '== the service'
call 200 GET /health/live
call 200 GET /health/ready

echo; echo '== sign up and in'
call 201 POST /api/auth/register -d "email=$jane" -d "password=$old_password" -d 'name=Jane Doe'
call 409 POST /api/auth/register -d "email=$jane" -d "password=$old_password" -d 'name=Jane Doe'
call 201 POST /api/auth/register -H 'Content-Type: application/json' \
  -d "{\"email\": \"$john\", \"password\": \"$old_password\", \"name\": \"John Doe\"}"
call 401 POST /api/auth/login -d "email=$jane" -d 'password=not the right one'
call 200 POST /api/auth/login -d "email=$jane" -d "password=$old_password"
holds '"token_type":"bearer"'
jane_token=$(field access_token)
john_token=$(sign_in "$john" "$old_password")
as_jane="Authorization: Bearer $jane_token" as_john="Authorization: Bearer $john_token"

echo; echo '== account API: the current user'
call 401 GET /api/users/current
call 200 GET /api/users/current -H "$as_john"
holds '"status":0'
call 200 PUT /api/users/current -H "$as_john" -d 'name=John Q. Doe'
call 422 PUT /api/users/current -H "$as_john" -d 'oldPassword=wrong wrong wrong' -d "newPassword=$new_password"
call 200 PUT /api/users/current -H "$as_john" --data-urlencode "oldPassword=$old_password" -d "newPassword=$new_password"

echo; echo '== account API: cards'
call 200 GET /api/users/current/list-payment-methods -H "$as_john"
call 404 GET /api/users/current/retrieve -H "$as_john"
call 200 POST /api/users/current/verify-payment -H "$as_john" -d 'paymentMethod=pm_card_visa'
holds '"status":"ok"'
call 200 POST /api/users/current/verify-payment -H "$as_john" -H 'Content-Type: application/json' \
  -d '{"paymentMethod": "pm_card_mastercard"}'
call 402 POST /api/users/current/verify-payment -H "$as_john" -d 'paymentMethod=pm_card_chargeDeclinedInsufficientFunds'
holds insufficient_funds
call 422 POST /api/users/current/verify-payment -H "$as_john" -d 'paymentMethod=pm_unknown'
call 200 POST /api/users/current/verify-payment -H "$as_john" -d 'paymentMethod=pm_card_threeDSecure2Required' \
  -d 'returnUrl=https://shop.example.org/back'
holds requires_action
call 200 GET /api/users/current/list-payment-methods -H "$as_john"
card=$(first_id)
call 204 PUT "/api/users/current/payment-method/$card/default" -H "$as_john"
call 200 GET /api/users/current/retrieve -H "$as_john"
holds "\"default_payment_method\":\"$card\""
call 204 DELETE "/api/users/current/payment-method/$card" -H "$as_john"
call 404 DELETE "/api/users/current/payment-method/$card" -H "$as_john"

echo; echo '== user API: the curl lines of its document'
call 200 GET /api/v1/user -H "$as_jane" -G
holds '"initials":"JD"'
call 200 PUT /api/v1/user -H "$as_jane" -d name='Jane Doe Doe' -d email="new-$jane" \
  -d password="$new_password" -d password_confirmation="$new_password"
holds '"name":"Jane Doe Doe"'
jane=new-$jane
call 422 PUT /api/v1/user -H "$as_jane" -d password="$old_password" -d password_confirmation="$new_password"

echo; echo '== teams, which the user API calls accounts'
"$accounts" users verify "$jane"
"$accounts" users verify "$john"
call 201 POST /api/v1/accounts -H "$as_jane" -d "name=Jane's team"
janes=$(first_id)
call 201 POST /api/v1/accounts -H "$as_john" -d 'name=Dev team'
johns=$(first_id)
call 202 POST "/api/v1/accounts/$johns/invitations" -H "$as_john" -d "email=$jane"
call 200 GET /api/users/current/notifications -H "$as_jane"
holds 'You invited to join Dev team.'
notification=$(field _id)
call 204 PUT "/api/users/current/notifications/$notification/read" -H "$as_jane"
call 204 PUT /api/users/current/notifications/read -H "$as_jane"
call 200 GET /api/v1/user/invitations -H "$as_jane"
call 204 POST "/api/v1/user/invitations/$(first_id)/accept" -H "$as_jane"
call 202 POST "/api/v1/accounts/$janes/invitations" -H "$as_jane" -d "email=$john"
call 200 GET /api/v1/user/invitations -H "$as_john"
call 204 POST "/api/v1/user/invitations/$(first_id)/decline" -H "$as_john"
call 202 POST "/api/v1/accounts/$johns/invitations" -H "$as_john" -d 'email=guest@example.org'
call 200 GET "/api/v1/accounts/$johns/invitations" -H "$as_john"
holds '"email":"guest@example.org"'
invitation=$(first_id)
call 202 POST "/api/v1/accounts/$johns/invitations/$invitation/resend" -H "$as_john"
call 204 DELETE "/api/v1/accounts/$johns/invitations/$invitation" -H "$as_john"
call 200 PUT "/api/v1/accounts/$johns" -H "$as_john" -d 'name=Product team'
holds '"name":"Product team"'
call 200 GET /api/v1/accounts -H "$as_jane"
call 200 GET "/api/v1/accounts/$johns" -H "$as_jane"
call 404 GET "/api/v1/accounts/$janes" -H "$as_john"
call 200 GET "/api/v1/accounts/$johns/members" -H "$as_jane"
call 201 POST "/api/v1/accounts/$johns/interactions" -H "$as_jane" -d 'body=Hello from Jane'
call 201 POST "/api/v1/accounts/$janes/interactions" -H "$as_jane" -d 'body=A note to myself'

echo; echo '== deactivate and restore'
call 200 PUT /api/users/current/deactivate -H "$as_john"
holds 'Account is deactivated'
call 401 GET /api/users/current -H "$as_john"
call 401 POST /api/auth/login -d "email=$john" -d 'password=not the right one'
call 403 POST /api/auth/login -d "email=$john" -d "password=$new_password"
call 200 POST /api/auth/restore -d "email=$john" -d "password=$new_password"
as_john="Authorization: Bearer $(field access_token)"
call 200 GET /api/users/current -H "$as_john"

echo; echo '== delete for good'
call 200 GET /api/v1/user/deletion -H "$as_jane"
holds '"disassociated":{"interactions":1}'
call 422 DELETE /api/v1/user -H "$as_jane" -d password='not the right one'
call 204 DELETE /api/v1/user -H "$as_jane" -d password="$new_password"
call 401 GET /api/v1/user -H "$as_jane"
call 200 GET "/api/v1/accounts/$johns/interactions" -H "$as_john"
holds '"author":null'
call 201 POST /api/auth/register -d "email=$jane" -d "password=$old_password" -d 'name=Jane Doe'

echo; echo '== the rest of the teams, and out'
jane_token=$(sign_in "$jane" "$old_password") as_jane="Authorization: Bearer $jane_token"
"$accounts" users verify "$jane"
call 202 POST "/api/v1/accounts/$johns/invitations" -H "$as_john" -d "email=$jane"
call 200 GET /api/v1/user/invitations -H "$as_jane"
call 204 POST "/api/v1/user/invitations/$(first_id)/accept" -H "$as_jane"
call 200 GET /api/v1/user -H "$as_jane"
jane_id=$(field id)
call 204 PUT "/api/v1/accounts/$johns/owner" -H "$as_john" -d "user_id=$jane_id"
call 200 GET /api/v1/user -H "$as_john"
call 204 DELETE "/api/v1/accounts/$johns/members/$(field id)" -H "$as_john"
call 204 DELETE "/api/v1/accounts/$johns" -H "$as_jane"
call 204 POST /api/auth/logout -H "$as_jane"
call 401 GET /api/v1/user -H "$as_jane"
call 200 GET /schema/openapi.json -o /dev/null

echo; echo 'The walk is done.'
