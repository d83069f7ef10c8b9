# currant test examples/chat --coverage

test "a note becomes a message" {
  runbook = runbook.post

  trigger {
    customer_account_id = "acme"
    app_reference       = "chat"
    payload             = { request_id = "70001", text = "Any news?", author = "Ann" }
  }

  mock "chat" { output = { config = { chat_url = "https://chat.example.com/api/", channel = "help desk", chat_token = "token" } } }
  mock "message" { output = { status = 200 } }

  expect "message" {
    count = 1
    arguments = {
      url  = "https://chat.example.com/api/channels/help%20desk/messages"
      json = { thread = "request-70001", text = "Ann: Any news?" }
    }
  }
}

test "an answer becomes a note" {
  runbook = runbook.answer

  trigger {
    url_postfix = "/acme"
    body        = { id = "m1", thread = "request-70001", author = "Howard", text = "It is repaired." }
  }

  mock "token" { output = { client_id = "id", client_secret = "secret" } }
  mock "request" { records = [{ id = "r1", status = "assigned" }] }
  mock "note" { output = { note = { id = "n1" } } }

  expect "note" {
    arguments = { input = { ownerId = "r1", text = "💬 Howard: It is repaired." } }
  }

  assert {
    condition     = run.outputs.note == "n1"
    error_message = "The note must be there."
  }
}

test "an answer to a request that is gone" {
  runbook = runbook.answer

  trigger {
    url_postfix = "/acme"
    body        = { id = "m1", thread = "request-1", author = "Howard", text = "Hello?" }
  }

  mock "token" { output = { client_id = "id", client_secret = "secret" } }
  mock "request" { records = [] }

  expect "note" { count = 0 }
  expect "unknown" { count = 1 }
}

# The key is made by random_secret, and the same one goes to the chat and is kept.
test "a customer comes" {
  runbook = runbook.onboarding

  trigger {
    customer_account_id = "acme"
    app_reference       = "chat"
  }

  mock "settings" { output = { config = { chat_url = "https://chat.example.com/api", channel = "general", chat_token = "token" } } }
  mock "subscribe" { output = { status = 200 } }
  mock "connected" { output = { app_instance_id = "i1" } }

  expect "chat_key" {
    arguments = { name = "chat_key" }
  }
  expect "subscribe" {
    arguments = { method = "PUT", url = "https://chat.example.com/api/channels/general/subscription" }
  }
  expect "connected" { count = 1 }
}

test "the configuration page is visited" {
  runbook = runbook.configuration
  trigger {
    customer_account_id = "acme"
  }
  expect "visited" { count = 1 }
}

test "secrets arrive" {
  runbook = runbook.secrets
  trigger {
    customer_account_id = "acme"
    app_reference       = "chat"
  }
  expect "kept" { count = 1 }
}

test "a customer goes" {
  runbook = runbook.offboarding
  trigger {
    customer_account_id = "acme"
    app_reference       = "chat"
  }
  expect "goodbye" { count = 1 }
}
