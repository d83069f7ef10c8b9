package keyservice

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"currant/engine/vault"
)

// transit is as much of HashiCorp Vault's transit engine as sealing needs.
func transit(t *testing.T, sealed *atomic.Bool) *httptest.Server {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Plaintext, Ciphertext string }
		if sealed.Load() || r.Header.Get("X-Vault-Token") != "token" || json.NewDecoder(r.Body).Decode(&in) != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		out := map[string]string{}
		if strings.Contains(r.URL.Path, "/encrypt/") {
			out["ciphertext"] = "vault:v1:" + base64.StdEncoding.EncodeToString([]byte("sealed"+in.Plaintext))
		} else if b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(in.Ciphertext, "vault:v1:")); err == nil {
			out["plaintext"] = strings.TrimPrefix(string(b), "sealed")
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": out}) // the client reports what is cut off
	}))
	t.Cleanup(srv.Close)
	return srv
}

func TestX1HashiCorpVault(t *testing.T) {
	var sealedOff atomic.Bool
	srv := transit(t, &sealedOff)
	t.Setenv("VAULT_SERVER_URL", srv.URL)
	t.Setenv("VAULT_SERVER_TOKEN", "token")
	at, err := vault.ParsePlace("hashivault://currant", "key", Open)
	if err != nil {
		t.Fatal(err)
	}
	doc, v, _, err := vault.NewKeyring(t.Context(), at, filepath.Join(t.TempDir(), "none"))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := v.Seal([]byte("secret"), nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := vault.OpenKeyring(t.Context(), doc, at)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Unseal(sealed, nil); err != nil || string(plain) != "secret" {
		t.Errorf("%q, %v", plain, err)
	}
	sealedOff.Store(true)
	if _, err := vault.OpenKeyring(t.Context(), doc, at); !errors.Is(err, vault.ErrService) {
		t.Error(err)
	}
}

// kms is as much of AWS KMS as sealing needs.
func kms(t *testing.T) *httptest.Server {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			KeyID                     string `json:"KeyId"`
			Plaintext, CiphertextBlob []byte
		}
		if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=id/") || json.NewDecoder(r.Body).Decode(&in) != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		out := map[string][]byte{}
		switch r.Header.Get("X-Amz-Target") {
		case "TrentService.Encrypt":
			if in.KeyID != "alias/currant" {
				t.Errorf("sealed with the key %q", in.KeyID)
			}
			out["CiphertextBlob"] = append([]byte("sealed"), in.Plaintext...)
		case "TrentService.Decrypt":
			out["Plaintext"] = bytes.TrimPrefix(in.CiphertextBlob, []byte("sealed"))
		}
		_ = json.NewEncoder(w).Encode(out) // the client reports what is cut off
	}))
	t.Cleanup(srv.Close)
	return srv
}

func TestX1AWSKMS(t *testing.T) {
	srv := kms(t)
	for name, value := range map[string]string{"AWS_ENDPOINT_URL_KMS": srv.URL, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(name, value)
	}
	at, err := vault.ParsePlace("awskms:///alias/currant?region=eu-central-1", "key", Open)
	if err != nil {
		t.Fatal(err)
	}
	doc, _, _, err := vault.NewKeyring(t.Context(), at, filepath.Join(t.TempDir(), "none"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.OpenKeyring(t.Context(), doc, at); err != nil {
		t.Error(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "other")
	if at, err = vault.ParsePlace("awskms:///alias/currant?region=eu-central-1", "key", Open); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.OpenKeyring(t.Context(), doc, at); !errors.Is(err, vault.ErrService) {
		t.Error(err)
	}
}

func TestUnknownService(t *testing.T) {
	if _, err := Open(t.Context(), "mem://x"); err == nil || !strings.Contains(err.Error(), "awskms") {
		t.Error(err)
	}
}
