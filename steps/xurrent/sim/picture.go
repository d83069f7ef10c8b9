package sim

import "net/http"

// pathPictures is where pictures are served: to everyone, for as long as they are kept (PLATFORM 8.5).
const pathPictures = pathStorage + "pictures/"

// storePicture is the hook of sim/graph for a picture that came as a data URI.
func (s *Sim) storePicture(account, filename, media string, content []byte) string {
	f := &file{key: "pictures/" + account + "/" + randomHex(8) + "/" + filename, media: media, size: int64(len(content)), content: content}
	s.store.put(f)
	return s.baseURL() + pathStorage + escapeKey(f.key)
}

func (s *Sim) servePicture(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		methodNotAllowed(w, http.MethodGet)
		return
	}
	s.serveContent(w, r.URL.Path[len(pathStorage):])
}
