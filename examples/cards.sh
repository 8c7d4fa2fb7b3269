#!/usr/bin/env bash
# The story of somebody's cards with curl, against a running service, each answer printed. Stops at the first answer that
# is not the expected one. It takes Stripe's test cards, so run it against the simulator or with a test key.
#
#   make serve PORT=8123                                  in one terminal
#   examples/cards.sh http://127.0.0.1:8123               in another
#
# A service holds one currency: ACCOUNTS_CURRENCY=jpy ACCOUNTS_VERIFICATION_AMOUNTS=jpy=150 starts one for yen.
#
# On the simulator the story answers the bank's challenge itself. With a key of Stripe's that takes a browser, so there
# it only shows what the browser is given.
set -euo pipefail

base=${1:-http://127.0.0.1:8000}
cards=/api/users/current
email=jane-$(date +%s)-$$@example.org
password='correct horse battery staple'
answer=

# call STATUS METHOD PATH [curl's options]: make the call, print it and its answer, and insist on the status.
call() {
  local wanted=$1 method=$2 path=$3 reply status
  shift 3
  reply=$(curl --silent --show-error --max-time 60 --request "$method" "$base$path" \
    --header "Authorization: Bearer ${token-}" --write-out '\n%{http_code}' "$@")
  status=${reply##*$'\n'} answer=${reply%$'\n'*}
  printf '\n%s %s -> %s\n' "$method" "$path" "$status"
  [ -z "$answer" ] || printf '%s\n' "$answer"
  if [ "$status" != "$wanted" ]; then
    printf 'This should have been %s.\n' "$wanted" >&2
    exit 1
  fi
}

# verify STATUS TEXT PAYMENT_METHOD: verify a card, and insist on the status and on a text in the answer.
verify() {
  call "$1" POST "$cards/verify-payment" --data-urlencode "paymentMethod=$3" \
    --data-urlencode 'returnUrl=https://shop.example.org/cards'
  holds "$2"
}

# holds TEXT: insist that the last answer holds it.
holds() {
  case $answer in
    *"$1"*) ;;
    *) printf 'The answer should hold %s.\n' "$1" >&2; exit 1 ;;
  esac
}

# listed COUNT: list the cards, and insist on how many there are.
listed() {
  local count
  call 200 GET "$cards/list-payment-methods"
  count=$(printf '%s' "$answer" | { grep -o '"id":"pm_[^"]*"' || true; } | wc -l)
  if [ "$count" -ne "$1" ]; then
    printf 'There should be %s cards, not %s.\n' "$1" "$count" >&2
    exit 1
  fi
}

# card LAST4: the id of the card with these last digits, of those listed last.
card() {
  printf '%s' "$answer" | sed 's/{"id":"pm_/\n&/g' | grep "\"last4\":\"$1\"" | sed 's/{"id":"\([^"]*\)".*/\1/' | head -n 1
}

# is_default ID: read the customer at Stripe, and insist on its default card.
is_default() {
  call 200 GET "$cards/retrieve"
  holds "\"default_payment_method\":\"$1\""
}

echo '== somebody without cards'
call 201 POST /api/auth/register -d "email=$email" -d "password=$password" -d 'name=Jane Doe'
call 200 POST /api/auth/login -d "email=$email" -d "password=$password"
token=$(printf '%s' "$answer" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
listed 0
call 404 GET "$cards/retrieve"

echo; echo '== a card, and a second one: the first is the default'
verify 200 '"status":"ok"' pm_card_visa
verify 200 '"status":"ok"' pm_card_mastercard
listed 2
visa=$(card 4242) mastercard=$(card 4444)
is_default "$visa"

echo; echo '== the same card again: nothing is held for it'
verify 200 '"status":"ok"' "$visa"
listed 2

echo; echo '== what a bank may say'
verify 402 '"declineCode":"generic_decline"' pm_card_visa_chargeDeclined
verify 402 '"declineCode":"insufficient_funds"' pm_card_visa_chargeDeclinedInsufficientFunds
verify 402 '"declineCode":"expired_card"' pm_card_chargeDeclinedExpiredCard
verify 402 '"declineCode":"generic_decline"' pm_card_visa_chargeDeclinedLostCard
verify 422 '"paymentMethod"' pm_nothing
listed 2

echo; echo '== strong authentication'
verify 200 '"status":"requires_action"' pm_card_authenticationRequired
holds '"clientSecret"'
challenge=$(printf '%s' "$answer" | sed 's/.*"url":"\([^"]*\)".*/\1/')
listed 2
case $challenge in
  */simulator/challenges/*)
    echo; echo "The bank asks, and it is Jane: $challenge"
    curl --silent --show-error --output /dev/null --data outcome=succeed "$challenge"
    echo "Stripe's event finishes it; the same call as before would as well, whichever is first."
    for _ in $(seq 50); do
      case $(curl --silent --header "Authorization: Bearer $token" "$base$cards/list-payment-methods") in
        *'"last4":"3155"'*) break ;;
      esac
      sleep 0.2
    done
    listed 3
    verify 200 '"status":"ok"' pm_card_authenticationRequired

    echo; echo 'The bank asks again, and it is somebody else: the next call says so, once'
    verify 200 '"status":"requires_action"' pm_card_threeDSecure2Required
    challenge=$(printf '%s' "$answer" | sed 's/.*"url":"\([^"]*\)".*/\1/')
    curl --silent --show-error --output /dev/null --data outcome=fail "$challenge"
    verify 402 '"declineCode"' pm_card_threeDSecure2Required
    listed 3
    ;;
  *)
    echo; echo "A browser goes on here: $challenge"
    ;;
esac

echo; echo '== another default, and one that is removed: the newest that is left follows it'
call 204 PUT "$cards/payment-method/$mastercard/default"
is_default "$mastercard"
call 200 GET "$cards/list-payment-methods"
newest=$(printf '%s' "$answer" | grep -o '"id":"pm_[^"]*"' | grep -v "$mastercard" | head -n 1 | sed 's/.*:"\([^"]*\)"/\1/')
call 204 DELETE "$cards/payment-method/$mastercard"
call 404 DELETE "$cards/payment-method/$mastercard"
is_default "$newest"

echo; echo 'The story of the cards is done.'
