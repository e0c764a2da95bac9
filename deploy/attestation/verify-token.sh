#!/usr/bin/env bash
# Verifies an attestation token (TR-03165, Appendix A) with OpenSSL and nothing else:
#
#     verify-token.sh TOKEN CERTIFICATE [--tsm OID] [--process UUID] [--flavor UUID]
#
# TOKEN is the file that the applet was given (7F41 …, binary), CERTIFICATE the TSM's published certificate, PEM.
# Prints what the token says. Exit code 0: signed by the certificate's key, and all that was expected holds;
# 1: not so, with the reason; 2: wrong usage, or a file that cannot be read.
set -eu -o pipefail

usage() { echo "usage: verify-token.sh TOKEN CERTIFICATE [--tsm OID] [--process UUID] [--flavor UUID]" >&2; exit 2; }
refuse() { echo "not valid: $1" >&2; exit 1; }

[ $# -ge 2 ] || usage
token=$1 certificate=$2 wantedTSM= wantedProcess= wantedFlavor=
shift 2
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || usage
    case $1 in
    --tsm) wantedTSM=$2 ;;
    --process) wantedProcess=${2,,} ;;
    --flavor) wantedFlavor=${2,,} ;;
    *) usage ;;
    esac
    shift 2
done
[ -r "$token" ] || { echo "$token cannot be read" >&2; exit 2; }
[ -r "$certificate" ] || { echo "$certificate cannot be read" >&2; exit 2; }

hex() { od -An -v -tx1 | tr -d ' \n'; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Reads one data object at $position (in hexadecimal digits) of $text: sets $tag, $value, and $position behind it.
# Lengths have to be in their shortest form: what is signed has one encoding.
text= position=0 tag= value=
object() {
    local first length digits
    tag=${text:position:2}
    position=$((position + 2))
    if [ "$tag" = 7f ]; then
        tag+=${text:position:2}
        position=$((position + 2))
    fi
    first=${text:position:2}
    position=$((position + 2))
    case $first in
    [0-7]?) length=$((16#$first)) ;;
    81) digits=${text:position:2}; [ ${#digits} -eq 2 ] || refuse "it is cut short"
        length=$((16#$digits)); position=$((position + 2)); [ $length -ge 128 ] || refuse "a length is not in its shortest form" ;;
    82) digits=${text:position:4}; [ ${#digits} -eq 4 ] || refuse "it is cut short"
        length=$((16#$digits)); position=$((position + 4)); [ $length -ge 256 ] || refuse "a length is not in its shortest form" ;;
    *) refuse "a length cannot be read" ;;
    esac
    value=${text:position:length * 2}
    [ ${#value} -eq $((length * 2)) ] || refuse "it is cut short"
    position=$((position + length * 2))
}
expect() { [ "$tag" = "$1" ] || refuse "object $1 is missing"; [ ${#value} -ge $(($2 * 2)) ] && [ ${#value} -le $(($3 * 2)) ] || refuse "object $1 has a wrong length"; }
uuid() { echo "${1:0:8}-${1:8:4}-${1:12:4}-${1:16:4}-${1:20:12}"; }
oid() {
    local arc=0 digits=0 result= byte i
    for ((i = 0; i < ${#1}; i += 2)); do
        byte=$((16#${1:i:2}))
        [ $digits -gt 0 ] || [ $byte -ne 128 ] || refuse "the TSM's object identifier is not in its shortest form"
        digits=$((digits + 1))
        [ $digits -le 9 ] || refuse "an arc of the TSM's object identifier is too large"
        arc=$((arc << 7 | byte & 127))
        [ $byte -lt 128 ] || continue
        if [ -n "$result" ]; then result+=.$arc
        elif [ $arc -ge 80 ]; then result=2.$((arc - 80))
        else result=$((arc / 40)).$((arc % 40)); fi
        arc=0 digits=0
    done
    [ $digits -eq 0 ] || refuse "the TSM's object identifier is cut short"
    echo "$result"
}

# 7F41 { A0 { 80 TSM, 81 process, 82 Flavor, [83 master key, 84 diversification data,] 85 key identifier }, 81 signature }
text=$(head -c 4097 "$token" | hex)
[ ${#text} -le 8192 ] || refuse "it is longer than any token"
object; [ "$tag" = 7f41 ] || refuse "it is no attestation token"
[ $position -eq ${#text} ] || refuse "something follows the token"
text=$value position=0
object; expect a0 1 255; content=$value signed=${text:0:position}
object; expect 81 8 255; signature=$value
[ $position -eq ${#text} ] || refuse "something follows the signature"
text=$content position=0
object; expect 80 1 127; tsm=$(oid "$value")
object; expect 81 16 16; process=$(uuid "$value")
object; expect 82 16 16; flavor=$(uuid "$value")
object
masterKey= diversification=
if [ "$tag" = 83 ]; then
    expect 83 16 16; masterKey=$(uuid "$value")
    object; expect 84 1 32; diversification=$value
    object
fi
expect 85 20 20; identifier=$value
[ $position -eq ${#text} ] || refuse "something follows the key identifier"

echo "TSM                   $tsm"
echo "process               $process"
echo "Flavor                $flavor"
[ -z "$masterKey" ] || { echo "master key            $masterKey"; echo "diversification data  $diversification"; }
echo "key identifier        $identifier"

# The certificate's key; its curve says which hash it signs with.
openssl x509 -in "$certificate" -noout -pubkey > "$work/key.pub" 2>/dev/null || { echo "$certificate holds no certificate" >&2; exit 2; }
case $(openssl pkey -pubin -in "$work/key.pub" -noout -text 2>/dev/null) in
*prime256v1* | *brainpoolP256r1*) hash=sha256 point=65 ;;
*secp384r1* | *brainpoolP384r1*) hash=sha384 point=97 ;;
*) refuse "the certificate's key cannot have signed a token" ;;
esac
own=$(openssl pkey -pubin -in "$work/key.pub" -pubout -outform DER | tail -c $point | openssl dgst -sha1 -binary | hex)
[ "$own" = "$identifier" ] || refuse "the token names another signing key than the certificate's"

binary() { local i; for ((i = 0; i < ${#1}; i += 2)); do printf "\\x${1:i:2}"; done; }
binary "$signed" > "$work/signed"
binary "$signature" > "$work/signature"
openssl dgst "-$hash" -verify "$work/key.pub" -signature "$work/signature" "$work/signed" > "$work/verdict" 2>&1 \
    || refuse "the signature is not that of the certificate's key over this content"

[ -z "$wantedTSM" ] || [ "$wantedTSM" = "$tsm" ] || refuse "it is of TSM $tsm, not $wantedTSM"
[ -z "$wantedProcess" ] || [ "$wantedProcess" = "$process" ] || refuse "it is of process $process, not $wantedProcess"
[ -z "$wantedFlavor" ] || [ "$wantedFlavor" = "$flavor" ] || refuse "it is of Flavor $flavor, not $wantedFlavor"
echo "signature             good"
