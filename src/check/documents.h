/* The contents of each artifact, put into a document that has its name already. */
#ifndef BF_CHECK_DOCUMENTS_H
#define BF_CHECK_DOCUMENTS_H

#include "check/check.h"
#include "check/json.h"

bf_status bf_document_dataset(bf_session *session, bf_json *json, bf_error *err);
bf_status bf_document_metadata(bf_session *session, bf_json *json, bf_error *err);
bf_status bf_document_signatures(bf_session *session, bf_json *json, bf_error *err);
bf_status bf_document_views(bf_session *session, bf_json *json, bf_error *err);
bf_status bf_document_validation(bf_session *session, bf_json *json, bf_error *err);
bf_status bf_document_settings(bf_session *session, bf_json *json, bf_error *err);
bf_status bf_document_telemetry(bf_session *session, bf_json *json, bf_error *err);

/** One artifact as a value that the caller releases. Errors: those of bf_session_artifact. */
bf_status bf_artifact_make(bf_session *session, const char *name, json_t **out, bf_error *err);

#endif
