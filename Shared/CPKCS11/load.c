#include "CPKCS11.h"
#include <dlfcn.h>
#include <stdio.h>

CK_FUNCTION_LIST *tsms_pkcs11_load(const char *path, char *error, size_t room) {
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!module) {
        const char *reason = dlerror();
        snprintf(error, room, "%s", reason ? reason : "it cannot be loaded");
        return NULL;
    }
    CK_RV (*get)(CK_FUNCTION_LIST **) = (CK_RV (*)(CK_FUNCTION_LIST **))dlsym(module, "C_GetFunctionList");
    CK_FUNCTION_LIST *list = NULL;
    if (!get || get(&list) != 0 || !list || list->version.major != 2) {
        snprintf(error, room, "it is no PKCS #11 module of version 2");
        dlclose(module);
        return NULL;
    }
    return list;
}
